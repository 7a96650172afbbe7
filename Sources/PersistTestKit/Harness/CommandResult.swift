/// What a client command did.
public struct CommandResult: Sendable {
    /// The exit status; 128 and more where a signal ended it, 124 and 137 where its time was up.
    public let status: Int32
    public let outputBytes: [UInt8]
    public let errorBytes: [UInt8]

    public init(status: Int32, outputBytes: [UInt8], errorBytes: [UInt8]) {
        self.status = status
        self.outputBytes = outputBytes
        self.errorBytes = errorBytes
    }

    public var succeeded: Bool { status == 0 }
    /// Standard output without the newlines at its end, as `$( )` gives it.
    public var output: String {
        var bytes = outputBytes[...]
        while bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
        return String(decoding: bytes, as: UTF8.self)
    }
    public var lines: [String] { output.isEmpty ? [] : output.split(separator: "\n").map(String.init) }
    public var error: String { String(decoding: errorBytes, as: UTF8.self) }
}
