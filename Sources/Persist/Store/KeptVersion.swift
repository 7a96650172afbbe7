/// The two places for versions that are under no name.
public enum KeptArea: UInt8, Sendable, CaseIterable {
    /// What did not parse (R5, R8).
    case rejected = 1
    /// The local side of a conflict (R10).
    case conflicts = 2

    public var name: FileName {
        switch self {
        case .rejected: "rejected"
        case .conflicts: "conflicts"
        }
    }
}

public struct KeptVersion: Sendable, Equatable {
    /// Below the area: the path of the file, in conflicts with `@HOST-TIME` behind it.
    public var path: [UInt8]
    public var size: UInt64
    public var time: Timestamp
    /// The parser's words, line and column; who won a conflict.
    public var error: String

    public init(path: [UInt8], size: UInt64, time: Timestamp, error: String) {
        self.path = path
        self.size = size
        self.time = time
        self.error = error
    }
}
