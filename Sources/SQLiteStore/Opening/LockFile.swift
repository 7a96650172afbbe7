internal import CLinux
import Glibc
internal import Persist
import Synchronization

/// STORE-lock: who has the store open. A mount is alive as long as its process holds the lock on its own byte.
final class LockFile: Sendable {
    let path: String
    private let descriptor: Int32
    private let isClosed = Atomic<Bool>(false)

    /// Byte 0: somebody opens or closes the store.
    private static let gate: Int64 = 0
    private static func byte(of mount: Int64) -> Int64 { 1_000 + mount }

    /// Opens it, with the gate locked: `openGate` lets the next one in.
    init(path: String, waitMilliseconds: Int) throws(StoreError) {
        self.path = path
        let deadline = ContinuousClock.now + .milliseconds(waitMilliseconds)
        while true {
            let opened = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
            guard opened >= 0 else { throw StoreError.system(errno, "cannot open \(path)") }
            if clinux_lock_byte(opened, Self.gate, true) == 0 {
                // The last process to leave removes the file: then this is the wrong one.
                var mine = stat()
                var there = stat()
                if fstat(opened, &mine) == 0, stat(path, &there) == 0, mine.st_ino == there.st_ino {
                    descriptor = opened
                    return
                }
            }
            Glibc.close(opened)
            guard ContinuousClock.now < deadline else {
                throw StoreError(.timedOut, hint: "another process has been opening the store for too long")
            }
            usleep(2_000)
        }
    }

    deinit { close() }

    /// Lets all locks go.
    func close() {
        guard !isClosed.exchange(true, ordering: .relaxed) else { return }
        Glibc.close(descriptor)
    }

    func openGate() { _ = clinux_unlock_byte(descriptor, Self.gate) }

    func closeGate(waitMilliseconds: Int) -> Bool {
        let deadline = ContinuousClock.now + .milliseconds(waitMilliseconds)
        while clinux_lock_byte(descriptor, Self.gate, true) != 0 {
            guard ContinuousClock.now < deadline else { return false }
            usleep(2_000)
        }
        return true
    }

    /// This process is the mount. Kept until the descriptor is closed, or `leave`.
    func enter(_ mount: Int64) throws(StoreError) {
        let code = clinux_lock_byte(descriptor, Self.byte(of: mount), true)
        guard code == 0 else { throw StoreError.system(code, "cannot lock \(path)") }
    }

    func leave(_ mount: Int64) { _ = clinux_unlock_byte(descriptor, Self.byte(of: mount)) }

    /// Whether some other descriptor holds the mount's byte.
    func isAlive(_ mount: Int64) -> Bool { clinux_byte_is_locked(descriptor, Self.byte(of: mount)) != 0 }

    func remove() { unlink(path) }

    /// Whether another process has a mount.
    var isShared: Bool { clinux_bytes_are_locked(descriptor, Self.byte(of: 0)) != 0 }

    /// With the gate closed: the file goes too, where no other process has a mount.
    func closeAsLast() {
        if !isShared { remove() }
        close()
    }
}
