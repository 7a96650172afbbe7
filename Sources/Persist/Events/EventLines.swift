/// The finished lines of what was written to a stream, without their newlines; what follows the last is `rest`.
///
/// Slices only: no byte is copied.
public struct EventLines: Sequence, IteratorProtocol {
    private var remaining: ArraySlice<UInt8>
    /// What has no newline yet.
    public let rest: ArraySlice<UInt8>

    public init(_ bytes: ArraySlice<UInt8>) {
        let end = bytes.lastIndex(of: Self.newline).map { $0 + 1 } ?? bytes.startIndex
        remaining = bytes[..<end]
        rest = bytes[end...]
    }

    public mutating func next() -> ArraySlice<UInt8>? {
        guard let end = remaining.firstIndex(of: Self.newline) else { return nil }
        let line = remaining[..<end]
        remaining = remaining[(end + 1)...]
        return line
    }

    static let newline = UInt8(ascii: "\n")

    /// Whether a stream of this name takes only lines that are JSON: `*.jsonl` and `*.ndjson`.
    public static func requiresJSON(_ name: FileName) -> Bool {
        name.bytes.hasSuffix(".jsonl") || name.bytes.hasSuffix(".ndjson")
    }

    /// The first finished line that is not JSON: the index in `bytes` where it begins, and what is wrong in it.
    ///
    /// The bytes before that index are good. An empty line is not JSON.
    public static func firstProblem(
        in bytes: ArraySlice<UInt8>, depthMax: Int = JSONScanner.depthMax
    ) -> (start: Int, problem: JSONProblem)? {
        for line in EventLines(bytes) {
            if let problem = JSONScanner.check(line.span, depthMax: depthMax) { return (line.startIndex, problem) }
        }
        return nil
    }
}
