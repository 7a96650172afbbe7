import Glibc
import Synchronization

extension Session {
    /// Takes the mount away, and makes `run` end: any thread but those that serve, any number of times.
    ///
    /// Where files are open, or a program stands in a directory of it, the name goes at once and they are cut off
    /// when the requests under way are answered.
    public func unmount() {
        guard phase.withLock({ $0 != .ended }), isMounted else { return }
        if takeAway(isLazy: false) { return }
        guard isMounted else { return }
        service.refusals.write("\(mountPoint): unmounted while in use; what is open there is cut off")
        // While requests are served still: a notification may wait for the answer to one.
        notifier.detach()
        _ = takeAway(isLazy: true)
        service.pool.endNow()
    }

    /// Whether this mount, not another, is what is on the mount point.
    private var isMounted: Bool { device != nil && MountTable.device(on: mountPoint) == device }

    /// After the last request: a connection that was aborted leaves its mount behind.
    func detachMount() {
        if isMounted { _ = takeAway(isLazy: true) }
    }

    /// umount2(2), or `fusermount3 -u` where that is root's.
    private func takeAway(isLazy: Bool) -> Bool {
        if umount2(mountPoint, isLazy ? Int32(MNT_DETACH) : 0) == 0 { return true }
        guard Glibc.errno == EPERM else { return false }
        return Self.spawn(["fusermount3", "-u", "-q"] + (isLazy ? ["-z"] : []) + ["--", mountPoint])
    }

    /// - Returns: whether the program ran and exited with 0.
    private static func spawn(_ words: [String]) -> Bool {
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var pid = pid_t()
        guard posix_spawnp(&pid, words[0], nil, nil, &arguments, environ) == 0 else { return false }
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 {
            guard Glibc.errno == EINTR else { return false }
        }
        return status == 0
    }
}
