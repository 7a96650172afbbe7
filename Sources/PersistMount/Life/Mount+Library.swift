internal import Glibc
internal import Linux
internal import Persist
import Synchronization

/// For programs that mount something of their own.
extension Mount {
    /// Mounts at `directory` and serves it until it is unmounted, or SIGTERM, SIGINT or SIGHUP comes.
    ///
    ///     try await Mount(MyAdapter()).run(at: "/mnt/x")
    ///
    /// Everything that was closed is in the cache when it returns, and on the far side unless that does not answer: then
    /// the next mount of the same name sends it. One mount a process at a time; its threads are its own. What it logs
    /// goes to standard error.
    ///
    /// - Parameter usable: called once, when the directory can be used, with a line for a person.
    /// - Throws: `MountFailure`, before `usable` was called.
    public func run(
        at directory: String, usable: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws(MountFailure) {
        let result = await withCheckedContinuation { continuation in
            OwnThread.start("mount") {
                let result = Result { () throws(MountFailure) in
                    try serve(at: directory, log: MountLog(path: nil), isWholeProcess: false, aborter: nil) { line, _ in
                        usable(line)
                        return true
                    }
                }
                continuation.resume(returning: result)
            }.detach()
        }
        _ = try result.get()
    }
}
