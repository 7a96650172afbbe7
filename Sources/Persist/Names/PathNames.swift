/// Whole keys and the paths that show them, both below the namespace.
///
/// A key is split at every `/`, so it may have empty components; each becomes a name by `KeyEscape`. In records/ the
/// last name carries `.json`, which the key does not. Where the path of a key is a directory, because the key is also
/// the prefix of others, its value is `%self` in there.
public enum PathNames {
    /// The path that shows a key.
    public struct Path: Sendable, Equatable {
        public var names: [FileName]
        /// A component was too long for a name: `key` cannot lead back from here, only a table can.
        public var isHashed: Bool
    }

    /// `%self`: the value of a key that is also the prefix of others.
    public static let selfName = Array("%self".utf8)
    private static let json = Array(".json".utf8)
    private static let slash = UInt8(ascii: "/")

    /// - Parameter isPrefix: the path without `%self` is taken by a directory.
    public static func path(of key: [UInt8], in namespace: Namespace, isPrefix: Bool = false) -> Path {
        let components = key.split(separator: slash, omittingEmptySubsequences: false)
        var path = Path(names: [], isHashed: false)
        for (index, component) in components.enumerated() {
            let isLast = index == components.count - 1
            let encoded = KeyEscape.encode(
                component: Array(component), suffix: isLast && namespace == .records ? json : [])
            if case .hashed = encoded { path.isHashed = true }
            path.names.append(encoded.name)
        }
        if isPrefix { path.names.append(FileName(unchecked: selfName)) }
        return path
    }

    /// The key that a path shows; nil where it shows none: a hashed name, in records/ a name without `.json` or with
    /// nothing before it, `%self` where it stands for nothing.
    public static func key(of path: [FileName], in namespace: Namespace) -> [UInt8]? {
        if let key = plainKey(of: path, in: namespace) { return key }
        let count = path.count
        let hasSelf = count > 1 && path.last?.bytes == selfName
        let depth = hasSelf ? count - 1 : count
        guard depth > 0 else { return nil }
        var key: [UInt8] = []
        for (index, name) in path.prefix(depth).enumerated() {
            var bytes = name.bytes
            if index == depth - 1 && namespace == .records {
                guard bytes.hasSuffix(".json") else { return nil }
                bytes.removeLast(json.count)
            }
            guard let component = KeyEscape.decode(bytes: bytes) else { return nil }
            if index > 0 { key.append(slash) }
            key += component
        }
        return key
    }

    /// The same of names that stand for themselves, which nearly all do; nil where that is not certain.
    private static func plainKey(of path: [FileName], in namespace: Namespace) -> [UInt8]? {
        guard let last = path.last else { return nil }
        var key: [UInt8] = []
        key.reserveCapacity(path.count * 16)
        for name in path {
            guard !name.bytes.contains(UInt8(ascii: "%")) else { return nil }
            if !key.isEmpty { key.append(slash) }
            key.append(contentsOf: name.bytes)
        }
        guard namespace == .records else { return key }
        // What is left of a shorter one may be no name.
        guard last.bytes.count > json.count + 2, last.bytes.hasSuffix(".json") else { return nil }
        key.removeLast(json.count)
        return key
    }

    /// The key of a path with names that only a table leads back from: by the key that it had under its old path, whose
    /// components are the same from the last one up to where a directory got another name.
    public static func key(of path: [FileName], in namespace: Namespace, was old: [UInt8]) -> [UInt8]? {
        let components = old.split(separator: slash, omittingEmptySubsequences: false)
        let isSelf = path.count > 1 && path.last?.bytes == selfName
        let names = isSelf ? Array(path.dropLast()) : path
        var key: [[UInt8]] = []
        for (index, name) in names.enumerated() {
            let suffix = index == names.count - 1 && namespace == .records ? json : []
            guard name.bytes.suffix(suffix.count).elementsEqual(suffix) else { return nil }
            if let component = KeyEscape.decode(bytes: Array(name.bytes.dropLast(suffix.count))) {
                key.append(component)
                continue
            }
            let place = components.count - (names.count - index)
            guard place >= 0, KeyEscape.encode(component: Array(components[place]), suffix: suffix).name == name
            else { return nil }
            key.append(Array(components[place]))
        }
        return Array(key.joined(separator: [slash]))
    }

    /// Whether `key(of:in:)` has an answer; without allocation where no name has a `%`.
    public static func hasKey(_ path: [FileName], in namespace: Namespace) -> Bool {
        var last: FileName?
        for name in path {
            if name.bytes.contains(UInt8(ascii: "%")) { return key(of: path, in: namespace) != nil }
            last = name
        }
        guard let last else { return false }
        guard namespace == .records else { return true }
        // `.json`, `..json` and `...json`: what is left of them is no name.
        let stem = last.bytes.count - json.count
        return last.bytes.hasSuffix(".json") && stem > 0
            && (stem > 2 || last.bytes.prefix(stem).contains { $0 != UInt8(ascii: ".") })
    }
}
