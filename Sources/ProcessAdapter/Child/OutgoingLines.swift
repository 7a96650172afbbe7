internal import Glibc

/// Requests on their way into the child's input: one line is made at a time, when the one before it is through.
struct OutgoingLines {
    enum Outcome {
        case done
        /// Nobody reads there any more.
        case hungUp
    }

    /// The input is to be closed when all is written.
    var isClosing = false
    private var ids: [UInt64] = []
    private var next = 0
    private var line: [UInt8] = []
    private var written = 0

    var isEmpty: Bool { written == line.count && next == ids.count }

    mutating func append(_ id: UInt64) { ids.append(id) }

    /// Writes what the pipe takes now.
    ///
    /// - Parameter makeLine: nil where the request is not wanted any more.
    mutating func write(to number: Int32, _ makeLine: (UInt64) -> [UInt8]?) -> Outcome {
        while true {
            if written == line.count {
                (line, written) = ([], 0)
                guard next < ids.count else {
                    (ids, next) = ([], 0)
                    return .done
                }
                next += 1
                line = makeLine(ids[next - 1]) ?? []
                continue
            }
            let count = line.withUnsafeBytes { bytes in
                Glibc.write(number, bytes.baseAddress! + written, bytes.count - written)
            }
            if count >= 0 {
                written += count
            } else if errno != EINTR {
                return errno == EAGAIN ? .done : .hungUp
            }
        }
    }
}
