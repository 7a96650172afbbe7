internal import Glibc
internal import Synchronization

/// How much memory of its own (RssAnon) a process has at most, while something is done.
///
/// VmHWM would count what it has mapped of files.
final class Memory: Sendable {
    private let process: Int
    private let most = Mutex(0)
    private let isOver = Atomic(false)

    init(of process: Int) { self.process = process }

    /// - Returns: the most in MiB, and no other figures.
    func line(during work: () throws(Failure) -> Void) throws(Failure) -> String {
        try look()
        let watcher = try OwnThread.start { [self] in
            while !isOver.load(ordering: .acquiring) {
                try? look()
                usleep(20_000)
            }
        }
        let result: Result<Void, Failure>
        do throws(Failure) { result = .success(try work()) } catch { result = .failure(error) }
        isOver.store(true, ordering: .releasing)
        watcher.join()
        try result.get()
        try look()
        return "\(Double(most.withLock { $0 }) / 1024) 0 0"
    }

    private func look() throws(Failure) {
        let path = "/proc/\(process)/status"
        for line in try TextFile.read(path).split(separator: "\n") where line.hasPrefix("RssAnon:") {
            guard let kibibytes = line.split(separator: " ").compactMap({ Int($0) }).first else { break }
            most.withLock { $0 = max($0, kibibytes) }
            return
        }
        throw Failure("\(path) does not say RssAnon")
    }
}
