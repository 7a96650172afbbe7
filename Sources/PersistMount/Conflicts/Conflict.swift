public import Persist

/// A conflict copy of a mounted store (R10): what was written on this side, while the other side's stands under the name.
public struct Conflict: Sendable {
    public enum Kind: String, Sendable {
        /// A JSON document.
        case record
        /// In kv/.
        case value
        case file
    }

    /// How to keep one.
    public enum Keeping: Sendable {
        /// The copy gets the name.
        case mine
        /// What stands under the name stays, and the copy goes.
        case theirs
        /// The copy becomes a file of its own beside the other.
        case both
    }

    public let mountPoint: String
    public let name: ConflictName
    public let bytes: UInt64
    /// RFC 3339, UTC.
    public let time: String
    /// Who won, in words.
    public let words: String

    /// nil where it is not named as one.
    init?(_ kept: MountStatus.Kept, at mountPoint: String) {
        guard let name = ConflictName(ShownText.bytes(of: kept.path)) else { return nil }
        self.mountPoint = mountPoint
        self.name = name
        bytes = kept.bytes
        time = kept.since
        words = kept.words
    }

    public var kind: Kind {
        let namespace = name.path.split(separator: UInt8(ascii: "/")).first.map(Array.init) ?? []
        if namespace == Namespace.kv.name.bytes { return .value }
        let isRecord = namespace == Namespace.records.name.bytes && name.path.ends(with: ".json")
        return isRecord ? .record : .file
    }

    /// The file, by way of the mount.
    public var filePath: [UInt8] { place + name.path }
    /// The copy, by way of the mount.
    public var copyPath: [UInt8] { place + Array(".persist/conflicts/".utf8) + name.bytes }

    private var place: [UInt8] { Array((mountPoint == "/" ? "" : mountPoint).utf8) + [UInt8(ascii: "/")] }
}

extension [UInt8] {
    func ends(with text: StaticString) -> Bool {
        count >= text.utf8CodeUnitCount && suffix(text.utf8CodeUnitCount).elementsEqual("\(text)".utf8)
    }
}
