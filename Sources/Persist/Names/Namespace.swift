/// One of the four kinds of data that a store holds: the directories at the root of a mount.
public enum Namespace: UInt8, CaseIterable, Sendable {
    case records = 2
    case kv = 3
    case blobs = 4
    case events = 5

    /// The node of its directory; the root is node 1.
    public var node: NodeID { NodeID(UInt64(rawValue)) }

    public var name: FileName {
        switch self {
        case .records: "records"
        case .kv: "kv"
        case .blobs: "blobs"
        case .events: "events"
        }
    }

    /// The path that these names lead to, from the root of the mount on: `records/users/alice.json`.
    package func path(_ names: [FileName]) -> [UInt8] {
        var path = name.bytes
        path.reserveCapacity(names.reduce(path.count) { $0 + 1 + $1.bytes.count })
        for name in names {
            path.append(UInt8(ascii: "/"))
            path += name.bytes
        }
        return path
    }

    public init?(node: NodeID) {
        guard let raw = UInt8(exactly: node.rawValue), let found = Namespace(rawValue: raw) else { return nil }
        self = found
    }

    public init?(name: FileName) {
        guard let found = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = found
    }
}
