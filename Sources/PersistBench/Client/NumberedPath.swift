/// The paths DIRECTORY/f0000000.json and so on, without allocating one for each.
struct NumberedPath: ~Copyable {
    private let bytes: UnsafeMutablePointer<CChar>
    private let digits: Int
    private static let width = 7

    init(directory: String, prefix: String = "f", suffix: String = ".json") {
        let text = Array("\(directory)/\(prefix)".utf8CString.dropLast())
        let tail = Array(suffix.utf8CString)
        digits = text.count
        bytes = .allocate(capacity: text.count + Self.width + tail.count)
        for (index, byte) in text.enumerated() { bytes[index] = byte }
        for (index, byte) in tail.enumerated() { bytes[digits + Self.width + index] = byte }
    }

    deinit { bytes.deallocate() }

    /// The path with this number; valid until the next call.
    @inline(__always)
    func at(_ number: Int) -> UnsafePointer<CChar> {
        var rest = number
        for place in stride(from: Self.width - 1, through: 0, by: -1) {
            bytes[digits + place] = CChar(48 + rest % 10)
            rest /= 10
        }
        return UnsafePointer(bytes)
    }
}
