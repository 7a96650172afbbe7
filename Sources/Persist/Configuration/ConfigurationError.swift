/// What is wrong with a `*.persist.json` file, and where. Never quotes a value that may be a secret.
public struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
    /// As it was given to the reader.
    public let file: String
    public let line: Int
    public let column: Int
    public let message: String

    public init(file: String, line: Int, column: Int, message: String) {
        self.file = file
        self.line = line
        self.column = column
        self.message = message
    }

    /// As compilers write it: `my.persist.json:3:5: unknown option 'pth' (did you mean 'path'?)`.
    public var description: String { "\(file):\(line):\(column): \(message)" }
}
