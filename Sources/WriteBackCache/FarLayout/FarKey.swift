public import Persist

/// What a key of a far side with four methods stands for, and the key of what a mount shows.
///
/// A plain Persist program that uses the same far side finds plain values under `records/`, `kv/` and `blobs/`; all that
/// it need not know lies under `.persist/`.
///
/// | key | stands for |
/// |---|---|
/// | `records/<key>`, `kv/<key>`, `blobs/<key>` | a value; the path that shows it is `PathNames`' |
/// | `events/<stream>/<position>` | one event |
/// | `.persist/files/<path>` | a regular file that no key leads to: plain and temporary files outside of blobs/, and names in blobs/ that are reserved (`%self` at the top) |
/// | `.persist/meta/<path>` | the attributes of what is shown at that path; with a `/` behind it those of a directory |
///
/// Each key is one of these in one way only, or nothing of ours. Keys are bytes: an adapter whose keys are text
/// (JavaScript's strings) sends `KeyText.text(of:)` of the whole key, which leaves these prefixes as they are.
public enum FarKey: Hashable, Sendable {
    /// The key below the namespace, which is not `.events`.
    case value(Namespace, key: [UInt8])
    case event(EventKey)
    case file(ShownPath)
    /// Of the root: without names, and a directory.
    case meta(ShownPath, isDirectory: Bool)

    /// - Returns: nil for a key that is nothing of ours: another program's, which stays as it is.
    public init?(_ key: StoreKey) {
        let bytes = key.bytes[...]
        if let rest = bytes.after(Self.filesPrefix) {
            guard let path = ShownPath(text: rest), !path.names.isEmpty else { return nil }
            self = .file(path)
        } else if let rest = bytes.after(Self.metaPrefix) {
            let isDirectory = rest.isEmpty || rest.last == Self.slash
            if rest.isEmpty {
                self = .meta(ShownPath(nil), isDirectory: true)
            } else if let path = ShownPath(text: isDirectory ? rest.dropLast() : rest),
                isDirectory || !path.names.isEmpty
            {
                self = .meta(path, isDirectory: isDirectory)
            } else {
                return nil
            }
        } else if let rest = bytes.after(EventKey.prefix) {
            guard let event = EventKey(below: rest) else { return nil }
            self = .event(event)
        } else {
            for namespace in [Namespace.records, .kv, .blobs] {
                guard let rest = bytes.after(namespace.name.bytes + [Self.slash]) else { continue }
                self = .value(namespace, key: Array(rest))
                return
            }
            return nil
        }
    }

    public var storeKey: StoreKey {
        switch self {
        case .value(let namespace, let key): StoreKey(namespace.name.bytes + [Self.slash] + key)
        case .event(let event): event.storeKey
        case .file(let path): StoreKey(Self.filesPrefix + path.text)
        case .meta(let path, let isDirectory):
            StoreKey(Self.metaPrefix + path.text + (isDirectory && path.namespace != nil ? [Self.slash] : []))
        }
    }

    // MARK: What is shown

    /// The key with the content of a regular file.
    ///
    /// - Parameter storedKey: the key as the local store's table has it, for a path that does not lead to it: a
    ///   component was too long to be a name.
    /// - Returns: nil for a stream, whose events have a key each (`EventKey.stream(of:)`).
    public static func content(
        of path: ShownPath, as nameClass: NameClass, storedKey: [UInt8]? = nil
    ) -> FarKey? {
        guard let namespace = path.namespace else { return nil }
        if namespace == .events && nameClass == .document { return nil }
        guard namespace == .blobs || namespace != .events && nameClass == .document,
            let key = PathNames.key(of: path.names, in: namespace) ?? storedKey
        else { return .file(path) }
        return .value(namespace, key: key)
    }

    /// The key of the attributes of a file or directory.
    ///
    /// Those of a value are under the path that its key has by itself: whether it is shown as `%self` in a directory
    /// depends on what other keys there are, which must not move its attributes.
    public static func meta(of path: ShownPath, _ kind: Node.Kind, as nameClass: NameClass) -> FarKey {
        var path = path
        if kind == .file && path.isSelf && PathNames.key(of: path.names, in: path.namespace ?? .kv) != nil,
            path.namespace == .blobs || nameClass == .document
        {
            path.names.removeLast()
        }
        return .meta(path, isDirectory: kind == .directory)
    }

    /// Where a mount shows it: a value or file its path, an event its stream's, attributes that of whose they are.
    ///
    /// - Parameter isPrefix: the path of a value, or of a stream, is taken by a directory: it is `%self` in there.
    /// - Returns: nil for a value with a component that is too long for a name: then the path leads back only through
    ///   a table that keeps the key (`hashedPath`).
    public func path(isPrefix: Bool = false) -> ShownPath? {
        switch self {
        case .file(let path), .meta(let path, _): return path
        case .value(let namespace, let key):
            let path = PathNames.path(of: key, in: namespace, isPrefix: isPrefix)
            return path.isHashed ? nil : ShownPath(namespace, path.names)
        case .event(let event):
            let path = event.path(isPrefix: isPrefix)
            return path.isHashed ? nil : ShownPath(.events, path.names)
        }
    }

    /// The same with names made of hashes where the components are too long.
    public func hashedPath(isPrefix: Bool = false) -> ShownPath {
        switch self {
        case .file(let path), .meta(let path, _): path
        case .value(let namespace, let key):
            ShownPath(namespace, PathNames.path(of: key, in: namespace, isPrefix: isPrefix).names)
        case .event(let event): ShownPath(.events, event.path(isPrefix: isPrefix).names)
        }
    }

    // MARK: Prefixes, for listings

    public static let filesPrefix = Array(".persist/files/".utf8)
    public static let metaPrefix = Array(".persist/meta/".utf8)
    static let slash = UInt8(ascii: "/")
}

extension ArraySlice<UInt8> {
    /// What follows the prefix; nil without it.
    func after(_ prefix: [UInt8]) -> ArraySlice<UInt8>? {
        starts(with: prefix) ? dropFirst(prefix.count) : nil
    }
}
