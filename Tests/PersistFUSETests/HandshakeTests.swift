import Testing

@testable import PersistFUSE

@Suite("INIT flags that libfuse cannot send")
struct HandshakeTests {
    /// `fuse_in_header` and `fuse_init_in`.
    private func request(flags: UInt64, opcode: UInt32 = 26, unique: UInt64 = 2) -> [UInt8] {
        var message = [UInt8](repeating: 0, count: 40 + 64)
        message.withUnsafeMutableBytes { bytes in
            bytes.storeBytes(of: UInt32(bytes.count), toByteOffset: 0, as: UInt32.self)
            bytes.storeBytes(of: opcode, toByteOffset: 4, as: UInt32.self)
            bytes.storeBytes(of: unique, toByteOffset: 8, as: UInt64.self)
            bytes.storeBytes(of: 7, toByteOffset: 40, as: UInt32.self)
            bytes.storeBytes(of: UInt32(truncatingIfNeeded: flags), toByteOffset: 52, as: UInt32.self)
            bytes.storeBytes(of: UInt32(flags >> 32), toByteOffset: 56, as: UInt32.self)
        }
        return message
    }

    /// The flags of the answer to `offer`, where libfuse said `flags`.
    private func answer(offer: UInt64, flags: UInt64, unique: UInt64 = 2) -> (flags: UInt64, handshake: Handshake) {
        var handshake = Handshake()
        request(flags: offer).withUnsafeBytes { handshake.received($0) }
        var header = [UInt8](repeating: 0, count: 16)
        header.withUnsafeMutableBytes { $0.storeBytes(of: unique, toByteOffset: 8, as: UInt64.self) }
        var body = [UInt8](repeating: 0, count: 64)
        let result = body.withUnsafeMutableBytes { body in
            body.storeBytes(of: 7, toByteOffset: 0, as: UInt32.self)
            body.storeBytes(of: UInt32(truncatingIfNeeded: flags), toByteOffset: 12, as: UInt32.self)
            header.withUnsafeBytes { handshake.sending(header: $0, body: body) }
            let low = body.loadUnaligned(fromByteOffset: 12, as: UInt32.self)
            return UInt64(low) | UInt64(body.loadUnaligned(fromByteOffset: 32, as: UInt32.self)) << 32
        }
        return (result, handshake)
    }

    private let extended = Handshake.initExtended

    @Test("What the kernel offers and we want is added, and nothing else is changed")
    func adds() {
        let (flags, handshake) = answer(offer: extended | Handshake.wanted | 1 | 1 << 40, flags: extended | 1)
        #expect(flags == extended | Handshake.wanted | 1)
        #expect(handshake.offered == extended | Handshake.wanted | 1 | 1 << 40)
        #expect(handshake.agreed == flags)
        #expect(handshake.isDone)
    }

    @Test("What an older kernel does not offer is not said")
    func older() {
        let (flags, _) = answer(offer: Handshake.parallelDirectoryOperations | 1, flags: 1)
        #expect(flags == Handshake.parallelDirectoryOperations | 1)
    }

    @Test("The upper half of the flags is left alone where one side does not speak of it")
    func lowerHalf() {
        let (flags, handshake) = answer(offer: extended | Handshake.wanted, flags: 0)
        #expect(flags == Handshake.parallelDirectoryOperations | Handshake.killPrivilegesV2)
        #expect(handshake.agreed & Handshake.directIOAllowsMapping == 0)
    }

    @Test("The answer to another request is left alone")
    func otherAnswer() {
        let (flags, handshake) = answer(offer: extended | Handshake.wanted, flags: extended, unique: 4)
        #expect(flags == extended)
        #expect(!handshake.isDone)
    }

    @Test("A message that is no INIT, or too short for one, offers nothing")
    func noInit() {
        var handshake = Handshake()
        request(flags: 1, opcode: 1).withUnsafeBytes { handshake.received($0) }
        Array(request(flags: 1)[..<48]).withUnsafeBytes { handshake.received($0) }
        #expect(handshake.offered == 0)
    }
}
