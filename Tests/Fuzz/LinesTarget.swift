import Persist
import PersistVFS

/// However a program cuts what it writes to a log, the log holds the same lines (R8).
///
/// The first byte chooses the sort of log, the second how many of those behind it are the lengths of the pieces.
func fuzzLines(_ bytes: [UInt8]) {
    guard bytes.count > 2 else { return }
    let name = bytes[0] % 2 == 0 ? "a.log" : "a.jsonl"
    let cuts = bytes.dropFirst(2).prefix(Int(bytes[1] % 16)).map { Int($0) }
    let text = Array(bytes.dropFirst(2 + cuts.count))
    requireSlices(text)
    let isJSON = name == "a.jsonl"
    let finished = expectedLines(text, isJSON: isJSON, joinsRest: false)
    for pieces in [[], cuts, [Int](repeating: 1, count: text.count)] {
        let log = StreamUnderTest(name)
        let taken = log.write(text, pieces)
        let before = log.contents()
        require(before == finished, "\(name) in pieces of \(pieces) has the lines \(before), not \(finished)")
        log.close()
        // What was taken of a line that is refused at its end goes with it, though it may be JSON.
        let expected = expectedLines(text, isJSON: isJSON, joinsRest: taken == text.count)
        let after = log.contents()
        require(after == expected, "\(name) in pieces of \(pieces) holds \(after), not \(expected)")
    }
}

/// A line at a time, as the rule says it: up to the first that is not JSON, the last also without a newline.
private func expectedLines(_ text: [UInt8], isJSON: Bool, joinsRest: Bool) -> [UInt8] {
    var result: [UInt8] = []
    var line: [UInt8] = []
    func isGood() -> Bool {
        var reader = ReferenceReader(text: line)
        return !isJSON || reader.isDocument()
    }
    for byte in text {
        guard byte == UInt8(ascii: "\n") else {
            line.append(byte)
            continue
        }
        guard isGood() else { return result }
        result += line + [byte]
        line = []
    }
    return !joinsRest || line.isEmpty || !isGood() ? result : result + line
}

/// `EventLines` cuts without losing, adding or moving a byte.
private func requireSlices(_ text: [UInt8]) {
    let lines = EventLines(text[...])
    var joined: [UInt8] = []
    for line in lines {
        require(!line.contains(UInt8(ascii: "\n")), "a line of two")
        joined += line + [UInt8(ascii: "\n")]
    }
    require(!lines.rest.contains(UInt8(ascii: "\n")), "a rest with a line in it")
    require(joined + lines.rest == text, "cut and joined it is \(joined + lines.rest)")
}

/// A log of a filesystem over the reference store, and the program that writes it.
private struct StreamUnderTest {
    private static let root = Caller(uid: 0, gid: 0)
    private let fs: FileSystem
    private let id: NodeID
    private let handle: UInt64

    init(_ name: String) {
        fs = FileSystem(
            store: MemoryStore(), options: FileSystemOptions(uid: 0, gid: 0, umask: 0), kernel: Nobody(),
            log: Nobody(), clock: MemoryStore.systemClock, controls: [:])
        do throws(StoreError) {
            let events = try fs.lookup(Array("events".utf8), in: .root, Self.root).id
            let made = try fs.create(Array(name.utf8), in: events, mode: 0o644, [.read, .write, .append], Self.root)
            (id, handle) = (made.0.id, made.1.handle)
        } catch {
            found("no log: \(error)")
        }
    }

    /// As write(2) is used: what was not taken is written again, and the first error ends it. The last piece is what
    /// is left over.
    ///
    /// - Returns: how many bytes were taken.
    func write(_ text: [UInt8], _ pieces: [Int]) -> Int {
        var start = 0
        var pieces = pieces[...]
        while start < text.count {
            let end = pieces.popFirst().map { min(text.count, start + max(1, $0)) } ?? text.count
            while start < end {
                do throws(StoreError) {
                    let count = try fs.write(
                        id, handle: handle, at: 0, Array(text[start..<end]).span.bytes, fromCache: false, Self.root)
                    require((1...end - start).contains(count), "write of \(end - start) bytes gives \(count)")
                    start += count
                } catch {
                    require(error.kind == .rejected, "write gives \(error)")
                    return start
                }
            }
        }
        return start
    }

    func close() {
        do throws(StoreError) { try fs.flush(id, handle: handle) } catch {
            require(error.kind == .rejected, "flush gives \(error)")
        }
        fs.release(id, handle: handle)
    }

    /// As another program reads it.
    func contents() -> [UInt8] {
        do throws(StoreError) {
            let opened = try fs.open(id, [.read], Self.root)
            defer { fs.release(id, handle: opened.handle) }
            return try Array(capacity: 1 << 16) { (buffer: inout OutputRawSpan) throws(StoreError) in
                try fs.read(id, handle: opened.handle, at: 0, into: &buffer)
            }
        } catch {
            found("the log cannot be read: \(error)")
        }
    }
}

private struct Nobody: KernelNotifier, Log {
    func invalidate(_ node: NodeID, attributesOnly: Bool) {}
    func invalidate(_ name: FileName, in parent: NodeID) {}
    func expire(_ name: FileName, in parent: NodeID) {}
    func finishInvalidating(_ node: NodeID) {}
    func writeBack(_ node: NodeID, _ range: Range<UInt64>) -> Bool { true }
    func log(_ line: String) {}
}
