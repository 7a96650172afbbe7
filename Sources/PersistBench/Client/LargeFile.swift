internal import Glibc

/// One large file: in order by pieces, and 4 KiB here and there.
struct LargeFile {
    let path: String
    let bytes: Int
    private static let block = 4096

    /// Bytes that no compression makes smaller, the same ones each time.
    static func noise(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
        var random = SplitMix(state: seed)
        var result = [UInt8](repeating: 0, count: count)
        result.withUnsafeMutableBytes { buffer in
            for offset in stride(from: 0, to: count - 7, by: 8) {
                buffer.storeBytes(of: random.next(), toByteOffset: offset, as: UInt64.self)
            }
        }
        return result
    }

    /// A new file by pieces; ended by fsync, which counts. The rate is bytes a second.
    func write(piece: Int) throws(Failure) -> Samples {
        let data = Self.noise(1 << 20)
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL, 0o644)
        guard file >= 0 else { throw Failure(call: "open", on: path) }
        var samples = Samples(count: bytes / piece)
        samples.begin()
        var offset = 0
        while offset < bytes {
            let start = now()
            let done = data.withUnsafeBytes { Glibc.write(file, $0.baseAddress! + offset % (1 << 20), piece) }
            guard done == piece else { throw Failure(call: "write", on: path) }
            samples.add(now() - start)
            offset += piece
        }
        guard fsync(file) == 0 else { throw Failure(call: "fsync", on: path) }
        guard close(file) == 0 else { throw Failure(call: "close", on: path) }
        samples.end()
        return samples
    }

    func read(piece: Int) throws(Failure) -> Samples {
        let file = open(path, O_RDONLY)
        guard file >= 0 else { throw Failure(call: "open", on: path) }
        defer { close(file) }
        var buffer = [UInt8](repeating: 0, count: piece)
        var samples = Samples(count: bytes / piece)
        samples.begin()
        for _ in 0..<(bytes / piece) {
            let start = now()
            guard Glibc.read(file, &buffer, piece) == piece else { throw Failure(call: "read", on: path) }
            samples.add(now() - start)
        }
        samples.end()
        return samples
    }

    /// 4 KiB at places in no order, the same ones each time. Writes are ended by fsync, which counts.
    func random(count: Int, writes: Bool) throws(Failure) -> Samples {
        let file = open(path, writes ? O_WRONLY : O_RDONLY)
        guard file >= 0 else { throw Failure(call: "open", on: path) }
        var places = SplitMix(state: writes ? 7 : 3)
        var buffer = Self.noise(Self.block, seed: 5)
        var samples = Samples(count: count)
        samples.begin()
        for _ in 0..<count {
            let offset = Int(places.next() % UInt64(bytes / Self.block)) * Self.block
            let start = now()
            let done = writes ? pwrite(file, buffer, Self.block, offset) : pread(file, &buffer, Self.block, offset)
            guard done == Self.block else { throw Failure(call: writes ? "pwrite" : "pread", on: path) }
            samples.add(now() - start)
        }
        if writes, fsync(file) != 0 { throw Failure(call: "fsync", on: path) }
        guard close(file) == 0 else { throw Failure(call: "close", on: path) }
        samples.end()
        return samples
    }
}

/// Numbers in no order, the same ones from the same seed.
struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}
