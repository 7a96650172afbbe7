/// Sets flags in the INIT reply that libfuse 3.14 cannot send.
///
/// - PARALLEL_DIROPS: libfuse's header says that it is on, and never sends it. Without it the kernel sends the lookups
///   of a directory one after another.
/// - HANDLE_KILLPRIV_V2: unknown to it. Without it the kernel asks for `security.capability` before each write.
/// - DIRECT_IO_ALLOW_MMAP: unknown to it. Without it a file that was created with direct I/O cannot be mapped shared.
///
/// The first message read is the kernel's offer, and the first one written the answer; the layout is that of
/// `fuse_init_in` and `fuse_init_out` of linux/fuse.h, protocol 7.
struct Handshake: Sendable {
    static let parallelDirectoryOperations: UInt64 = 1 << 18
    static let killPrivilegesV2: UInt64 = 1 << 28
    static let initExtended: UInt64 = 1 << 30
    static let directIOAllowsMapping: UInt64 = 1 << 36

    /// Set where the kernel offers them.
    static let wanted = parallelDirectoryOperations | killPrivilegesV2 | directIOAllowsMapping

    private static let opcodeInit: UInt32 = 26
    private static let requestHeaderBytes = 40
    private static let replyHeaderBytes = 16

    /// The request that offered, until it is answered.
    private var unique: UInt64?
    /// All 64 flags of the kernel's INIT.
    private(set) var offered: UInt64 = 0
    /// All 64 flags of our reply.
    private(set) var agreed: UInt64 = 0
    private(set) var isDone = false

    /// A message from the kernel: takes note of the offer.
    mutating func received(_ message: UnsafeRawBufferPointer) {
        guard unique == nil, message.count >= Self.requestHeaderBytes + 16,
            message.loadUnaligned(fromByteOffset: 4, as: UInt32.self) == Self.opcodeInit
        else { return }
        unique = message.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
        let low = message.loadUnaligned(fromByteOffset: Self.requestHeaderBytes + 12, as: UInt32.self)
        offered = UInt64(low)
        if offered & Self.initExtended != 0, message.count >= Self.requestHeaderBytes + 20 {
            let high = message.loadUnaligned(fromByteOffset: Self.requestHeaderBytes + 16, as: UInt32.self)
            offered |= UInt64(high) << 32
        }
    }

    /// A message to the kernel, in two parts: adds the flags if it is the answer.
    mutating func sending(header: UnsafeRawBufferPointer, body: UnsafeMutableRawBufferPointer) {
        guard let unique, header.count == Self.replyHeaderBytes,
            header.loadUnaligned(fromByteOffset: 8, as: UInt64.self) == unique
        else { return }
        isDone = true
        guard header.loadUnaligned(fromByteOffset: 4, as: Int32.self) == 0, body.count >= 24,
            body.loadUnaligned(fromByteOffset: 0, as: UInt32.self) == 7
        else { return }
        let low = body.loadUnaligned(fromByteOffset: 12, as: UInt32.self) | UInt32(truncatingIfNeeded: additions)
        body.storeBytes(of: low, toByteOffset: 12, as: UInt32.self)
        agreed = UInt64(low)
        // flags2 counts only where both sides said INIT_EXT.
        guard agreed & offered & Self.initExtended != 0, body.count >= 36 else { return }
        let high = body.loadUnaligned(fromByteOffset: 32, as: UInt32.self) | UInt32(additions >> 32)
        body.storeBytes(of: high, toByteOffset: 32, as: UInt32.self)
        agreed |= UInt64(high) << 32
    }

    private var additions: UInt64 { Self.wanted & offered }
}
