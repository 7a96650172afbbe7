internal import Glibc

/// A tree of mixed files, as sources and documents are: most of some hundred bytes to some KiB, a few large.
struct SourceTree {
    let directory: String
    private static let eachDirectory = 100

    func make(count: Int) throws(Failure) {
        var random = SplitMix(state: 11)
        let noise = LargeFile.noise(1 << 18)
        // Lines to be searched by grep.
        let text = Array(String(repeating: "let value = store.read(key, at: 0)\n", count: 1 << 10).utf8)
        for number in 0..<count {
            let place = "\(directory)/d\(number / Self.eachDirectory)"
            if number % Self.eachDirectory == 0, mkdir(place, 0o755) != 0 { throw Failure(call: "mkdir", on: place) }
            let draw = Int(random.next() % 100)
            let size = Int(random.next() % 4000) + 100
            switch draw {
            case 0: try write(noise[..<(1 << 18)], to: "\(place)/image\(number).bin")
            case 1..<10: try write(noise[..<(size * 4)], to: "\(place)/part\(number).dat")
            default: try write(text[..<size], to: "\(place)/file\(number).txt")
            }
        }
    }

    private func write(_ bytes: ArraySlice<UInt8>, to path: String) throws(Failure) {
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL, 0o644)
        guard file >= 0 else { throw Failure(call: "open", on: path) }
        let done = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
        guard done == bytes.count, close(file) == 0 else { throw Failure(call: "write", on: path) }
    }
}
