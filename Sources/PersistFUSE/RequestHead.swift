/// What can be seen of a request before libfuse takes it apart: `fuse_in_header` of linux/fuse.h, and of READ and
/// WRITE the size, which stands at one place in both.
struct RequestHead {
    private enum Opcode {
        static let forget: UInt32 = 2
        static let read: UInt32 = 15
        static let write: UInt32 = 16
        static let release: UInt32 = 18
        static let releaseDirectory: UInt32 = 29
        static let interrupt: UInt32 = 36
        static let batchForget: UInt32 = 42
        static let fallocate: UInt32 = 43
        static let copyFileRange: UInt32 = 47
    }

    /// From here on a READ or WRITE takes longer than to wake another thread.
    static let longBytes: UInt32 = 64 << 10

    /// The thread that asks, as this process sees it.
    let caller: UInt32
    /// Whether the caller waits for the answer.
    let isAwaited: Bool
    /// Whether it is known beforehand to take long. Not fsync: where the disk is fast, to wake another thread for the
    /// requests of others costs the one who asks a tenth, and where it is slow that thread wakes by itself.
    let isLong: Bool

    /// - Parameter message: as read from /dev/fuse.
    init(_ message: UnsafeRawBufferPointer) {
        let opcode = message.loadUnaligned(fromByteOffset: 4, as: UInt32.self)
        caller = message.loadUnaligned(fromByteOffset: 32, as: UInt32.self)
        switch opcode {
        case Opcode.forget, Opcode.batchForget, Opcode.release, Opcode.releaseDirectory, Opcode.interrupt:
            isAwaited = false
        default: isAwaited = true
        }
        switch opcode {
        case Opcode.read, Opcode.write:
            isLong = message.count >= 60 && message.loadUnaligned(fromByteOffset: 56, as: UInt32.self) >= Self.longBytes
        case Opcode.fallocate, Opcode.copyFileRange: isLong = true
        default: isLong = false
        }
    }
}
