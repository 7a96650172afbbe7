/// The cyclic redundancy checks that S3 sends with objects. All begin with ones, run from the low bit, and end inverted.
struct CyclicSum: Sendable {
    /// CRC-32 of zlib and Ethernet.
    static let crc32 = CyclicSum(polynomial: 0xEDB8_8320, bits: 32)
    /// Castagnoli's.
    static let crc32c = CyclicSum(polynomial: 0x82F6_3B78, bits: 32)
    /// CRC-64/NVME, S3's own choice where nobody asks for another.
    static let crc64nvme = CyclicSum(polynomial: 0x9A6C_9329_AC4B_C9B5, bits: 64)

    private let bits: Int
    /// What a byte that is followed by so many others adds, for eight bytes at a time.
    private let tables: [UInt64]

    private init(polynomial: UInt64, bits: Int) {
        self.bits = bits
        var tables = (0..<256).map { byte in
            (0..<8).reduce(UInt64(byte)) { sum, _ in sum & 1 == 1 ? sum >> 1 ^ polynomial : sum >> 1 }
        }
        for place in 256..<8 * 256 {
            let before = tables[place - 256]
            tables.append(before >> 8 ^ tables[Int(before & 0xFF)])
        }
        self.tables = tables
    }

    private var ones: UInt64 { bits == 64 ? .max : (1 << UInt64(bits)) - 1 }

    /// From the high byte, as headers have it.
    func bytes(of bytes: [UInt8]) -> [UInt8] {
        var sum = ones
        tables.withUnsafeBufferPointer { tables in
            bytes.withUnsafeBytes { bytes in
                var place = 0
                while bytes.count - place >= 8 {
                    let mixed = sum ^ UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self))
                    sum = 0
                    for part in 0..<8 { sum ^= tables[(7 - part) << 8 | Int(mixed >> UInt64(8 * part) & 0xFF)] }
                    place += 8
                }
                while place < bytes.count {
                    sum = sum >> 8 ^ tables[Int((sum ^ UInt64(bytes[place])) & 0xFF)]
                    place += 1
                }
            }
        }
        sum ^= ones
        return stride(from: bits - 8, through: 0, by: -8).map { UInt8(truncatingIfNeeded: sum >> UInt64($0)) }
    }
}
