internal import Glibc
internal import Linux

/// Processes of an adapter whose own process was killed before it could end them.
///
/// What such a one is at goes on: a put that takes long would come after what the next mount has put. They are known by a
/// variable of their environment, which whatever they start has too (proc_pid_environ(5)).
public struct LeftChildren: Sendable {
    private let variable: [UInt8]
    private static let waitMilliseconds = 10_000

    /// - Parameter owner: `ProcessAdapterOptions.owner`. Nobody else may use that now.
    public init(of owner: String) { variable = Array("\(ProcessAdapterOptions.ownerVariable)=\(owner)".utf8) }

    /// Ends them, and waits until they are gone. Blocks the thread.
    ///
    /// - Parameter log: told of each that is ended.
    /// - Returns: those that do not end, in ten seconds: they wait for a disk, say.
    public func end(log: (String) -> Void) -> [Int32] {
        var told: Set<Int32> = []
        for _ in 0..<(Self.waitMilliseconds / 10) {
            let left = found()
            guard !left.isEmpty else { return [] }
            for pid in left {
                if told.insert(pid).inserted { log("process \(pid), which a mount that was killed has left, is ended") }
                kill(pid, SIGKILL)
            }
            usleep(10_000)
        }
        return found()
    }

    private func found() -> [Int32] {
        namesIn("/proc").compactMap { Int32($0) }.filter { pid in
            guard pid != getpid(), let bytes = readWhole("/proc/\(pid)/environ") else { return false }
            return bytes.split(separator: 0).contains { $0.elementsEqual(variable) }
        }
    }
}
