/// The one validator of JSON, whatever adapter holds the document (R5).
///
/// RFC 8259 in valid UTF-8 without a byte order mark, nested at most 512 deep. Numbers and strings are kept as text,
/// so `1e400`, a lone `\ud800` and duplicate keys are documents. One pass, no allocation, no recursion.
public enum JSONScanner {
    /// What `StoreLimits.depthMax` cannot exceed.
    public static let depthMax = 512

    /// - Returns: nil for a document, else what is wrong with the bytes.
    public static func check(_ bytes: Span<UInt8>, depthMax: Int = depthMax) -> JSONProblem? {
        var nobody = JSONIgnored()
        do throws(JSONGrammar.Failure) {
            try JSONGrammar.scan(bytes, dialect: .json, depthMax: depthMax, visitor: &nobody)
            return nil
        } catch {
            return JSONProblem(error, in: bytes)
        }
    }

    public static func check(_ bytes: [UInt8], depthMax: Int = depthMax) -> JSONProblem? {
        check(bytes.span, depthMax: depthMax)
    }

    /// The same for JSON5, which configuration is written in.
    public static func checkJSON5(_ bytes: [UInt8]) -> JSONProblem? {
        var nobody = JSONIgnored()
        do throws(JSONGrammar.Failure) {
            try JSONGrammar.scan(bytes.span, dialect: .json5, depthMax: depthMax, visitor: &nobody)
            return nil
        } catch {
            return JSONProblem(error, in: bytes.span)
        }
    }
}

/// Why bytes are no document, and where.
public struct JSONProblem: Error, Sendable, Equatable, CustomStringConvertible {
    /// From 1.
    public let line: Int
    /// From 1, in characters (Unicode scalars).
    public let column: Int
    public let message: String

    public init(line: Int, column: Int, message: String) {
        self.line = line
        self.column = column
        self.message = message
    }

    init(_ failure: JSONGrammar.Failure, in bytes: Span<UInt8>) {
        var position = JSONPosition()
        position.advance(to: failure.offset, in: bytes)
        self.init(line: position.line, column: position.column, message: "\(failure.message)")
    }

    public var description: String { "line \(line), column \(column): \(message)" }
}

/// A place in a text, counted forward only.
struct JSONPosition {
    private(set) var line = 1
    private(set) var column = 1
    private var offset = 0

    mutating func advance(to end: Int, in bytes: Span<UInt8>) {
        for index in offset..<max(offset, min(end, bytes.count)) {
            if bytes[index] == UInt8(ascii: "\n") {
                line += 1
                column = 1
            } else if bytes[index] & 0xC0 != 0x80 {
                column += 1
            }
        }
        offset = max(offset, end)
    }
}
