internal import Persist

/// Directories as other tools make them: empty objects whose names end with `/`.
///
/// The key of such a one is that of the side data of the directory, `.persist/meta/<path>/`. What is written from here is an
/// object of that name, not the marker: SeaweedFS drops the metadata of markers, JuiceFS's gateway all of it but what a copy
/// brings, and neither takes a body.
extension ObjectKeys {
    private static let meta = Array(".persist/meta/".utf8)
    private static let slash = UInt8(ascii: "/")
    /// Those in which directories are shown as they are called; in events/ they are parts of names of streams.
    private static let namespaces = ["records/", "kv/", "blobs/"].map { Array($0.utf8) }

    /// nil: no marker of a directory that a mount shows.
    func directory(of object: [UInt8]) -> StoreKey? {
        guard object.starts(with: prefix) else { return nil }
        let text = text(of: object)
        return Self.canBeMarked(text) ? StoreKey(Self.meta + text) : nil
    }

    /// The marker of a directory; nil: `key` is not that of the side data of a directory that may have one.
    func marker(of key: StoreKey) -> [UInt8]? {
        guard key.bytes.starts(with: Self.meta) else { return nil }
        let text = key.bytes.dropFirst(Self.meta.count)
        guard prefix.count + text.count <= Self.bytesMax else { return nil }
        return Self.canBeMarked(text) ? prefix + text : nil
    }

    /// Names with `%` stand for others, in paths and in objects differently: those are left alone.
    private static func canBeMarked(_ text: ArraySlice<UInt8>) -> Bool {
        text.last == slash && !text.contains(percent) && String(validating: text, as: UTF8.self) != nil
            && namespaces.contains { text.count > $0.count && text.starts(with: $0) }
    }
}
