/// A value of a JSON5 text, with the place where it stands: for messages about configuration.
public struct JSON5Node: Sendable, Equatable {
    public enum Value: Sendable, Equatable {
        case null
        case bool(Bool)
        /// As it is written: `+1`, `0xFF`, `1e400`.
        case number(String)
        case string(String)
        /// `process.env.NAME`, with or without `!` behind it.
        case environment(String)
        case array([JSON5Node])
        case object([Member])
    }

    public struct Member: Sendable, Equatable {
        public let key: String
        public let line: Int
        public let column: Int
        public let value: JSON5Node
    }

    public let value: Value
    public let line: Int
    public let column: Int

    /// What it is, for people.
    public var kind: String {
        switch value {
        case .null: "null"
        case .bool: "true or false"
        case .number: "a number"
        case .string: "a string"
        case .environment: "an environment variable"
        case .array: "an array"
        case .object: "an object"
        }
    }
}
