/// The names of logs in keys: `orders` is the file `orders.jsonl`; `app.log` and `a.ndjson` are files of that name.
///
/// Both functions take whole keys below events/, or last components of them.
public enum StreamName {
    /// The key of the file that holds a stream.
    public static func file(ofStream stream: [UInt8]) -> [UInt8] {
        isWhole(stream[...]) ? stream : stream + suffix
    }

    /// The stream that a file holds: `.jsonl` is dropped where the name leads back all the same.
    public static func stream(ofFile file: [UInt8]) -> [UInt8] {
        guard file.hasSuffix(".jsonl") else { return file }
        let stem = file.dropLast(suffix.count)
        guard let last = stem.last, last != UInt8(ascii: "/"), !isWhole(stem) else { return file }
        return Array(stem)
    }

    private static let suffix = Array(".jsonl".utf8)

    private static func isWhole(_ name: ArraySlice<UInt8>) -> Bool {
        [".jsonl", ".ndjson", ".log"].contains { name.suffix($0.utf8.count).elementsEqual($0.utf8) }
    }
}
