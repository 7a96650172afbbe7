internal import CLinux
internal import Glibc
internal import Linux
internal import Synchronization

/// The lock of a cache: one process has it, and one that only sends what is left can be asked for it.
///
/// Both are flock(2) locks, which end with their process whatever becomes of it: no number that another process may have
/// by then, and nothing that stays behind and means something to a later one. Who waits holds a shared lock on the file
/// `wanted`; who sends on looks whether anybody does. Who serves a mounted directory never looks.
final class CacheLock: Sendable {
    private let lock: Int32
    private let wanted: Int32
    private let path: String
    private let isHeld = Atomic(false)
    private let leftByKilled = Atomic(false)

    /// What the other process may take to end: its adapter gets `CacheLock.closeSeconds`, or already had its usual time.
    private static let waitMilliseconds = 12_000
    /// How often it is looked whether the store has been mounted meanwhile, by another one that waited.
    private static let lookMilliseconds = 3_000

    /// How long an adapter may take to end what it is at, in a process that was asked.
    static let closeSeconds = 0.5

    /// - Throws: `.failed`.
    init(in directory: String) throws(MountFailure) {
        path = directory + "/lock"
        lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        let number = errno
        wanted = open(directory + "/wanted", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        // From here on `deinit` closes them, of an object that is not finished too.
        guard lock >= 0 else { throw MountFailure(ShownText.line(path), errorText(number), status: .failed) }
        guard wanted >= 0 else {
            throw MountFailure(ShownText.line(directory + "/wanted"), errorText(errno), status: .failed)
        }
    }

    deinit {
        if lock >= 0 { close(lock) }
        if wanted >= 0 { close(wanted) }
    }

    enum Taken {
        case atOnce
        /// From a process that had been asked for it.
        case after
        case isServed
        /// errno
        case failed(Int32)
    }

    /// - Parameters:
    ///   - patience: what a process that sends gets to be done with it, before it is asked.
    ///   - isServed: whether a mounted directory has the store, as far as that can be seen.
    func take(patience: Int, isServed: () -> Bool) -> Taken {
        let begin = ContinuousClock.now
        var (looked, hasAsked): (Int?, Bool) = (nil, false)
        while true {
            if flock(lock, LOCK_EX | LOCK_NB) == 0 {
                flock(wanted, LOCK_UN)
                // Who ends as it should leaves nothing in it.
                leftByKilled.store(readWhole(path)?.isEmpty == false, ordering: .relaxed)
                isHeld.store(true, ordering: .relaxed)
                // For who finds it locked.
                ftruncate(lock, 0)
                writeAll(lock, Array("\(getpid())".utf8))
                return hasAsked ? .after : .atOnce
            }
            guard errno == EWOULDBLOCK || errno == EINTR else { return .failed(errno) }
            let waited = Int((ContinuousClock.now - begin) / .milliseconds(1))
            if looked.map({ waited - $0 >= Self.lookMilliseconds }) ?? true {
                if isServed() { return .isServed }
                looked = waited
            }
            if waited >= patience, !hasAsked { hasAsked = flock(wanted, LOCK_SH | LOCK_NB) == 0 }
            guard waited < patience + Self.waitMilliseconds else { return .failed(EWOULDBLOCK) }
            usleep(20_000)
        }
    }

    /// Another process waits for it, now.
    var isWanted: Bool {
        guard flock(wanted, LOCK_EX | LOCK_NB) == 0 else { return errno == EWOULDBLOCK }
        flock(wanted, LOCK_UN)
        return false
    }

    /// Nothing of the store is used any more. Idempotent.
    func release() {
        guard isHeld.exchange(false, ordering: .relaxed) else { return }
        ftruncate(lock, 0)
        flock(lock, LOCK_UN)
    }

    /// The process that had it before was killed, as far as that can be seen. Once it is taken.
    var isAfterKilled: Bool { leftByKilled.load(ordering: .relaxed) }

    /// A word that no other lock has while somebody has this one.
    var word: String {
        var found = stat()
        return fstat(lock, &found) == 0 ? "\(found.st_dev)-\(found.st_ino)" : path
    }

    /// Who has it: `process 123`, or `process 123, which is stopped,`.
    var holder: String {
        guard let pid = holderID else { return "a process" }
        return "process \(pid)" + (DaemonSearch.isStopped(pid) ? ", which is stopped," : "")
    }

    var stoppedHolder: Int32? { holderID.flatMap { DaemonSearch.isStopped($0) ? $0 : nil } }

    private var holderID: Int32? {
        readWhole(path).flatMap { Int32(String(decoding: $0, as: UTF8.self)) }
    }
}
