package import Persist

/// Where a name stands in the listing of its directory: a hash, so that it stays while others come and go.
///
/// From 16 to 2^62. Names with one hash take the next free numbers, at most 15 further on: a lookup looks at all
/// sixteen, so that nothing has to stay behind where a name went away.
package enum Cookie {
    static let window: Int64 = 16

    package static func first(of name: FileName) -> Int64 {
        // FNV-1a, and the finaliser of splitmix64 to spread its low bits.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in name.bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        hash = (hash ^ (hash >> 30)) &* 0xbf58_476d_1ce4_e5b9
        hash = (hash ^ (hash >> 27)) &* 0x94d0_49bb_1331_11eb
        hash ^= hash >> 31
        return 16 + Int64(hash % ((1 << 62) - 64))
    }
}
