import Persist

/// Everything that a store shows, but for times and numbers.
struct StoreContents: Equatable, CustomStringConvertible {
    private struct Entry: Equatable {
        let kind: Node.Kind
        let mode: UInt16?
        let hasValue: Bool
        let bytes: [UInt8]
        let attributes: [[UInt8]: [UInt8]]
    }

    private var entries: [String: Entry] = [:]
    private var rejected: [[UInt8]: [UInt8]] = [:]
    /// Without their paths: those name the time.
    private var conflicts: [[UInt8]] = []

    init(of store: any LocalStore) throws {
        var left = Namespace.allCases.map { ($0.node, $0.name.description) }
        while let (directory, path) = left.popLast() {
            var cookie: UInt64 = 0
            while true {
                let page = try store.list(directory, after: cookie, limit: 100)
                guard let last = page.last else { break }
                cookie = last.cookie
                for entry in page {
                    let name = "\(path)/\(entry.name)"
                    entries[name] = try Self.entry(entry.node, store)
                    if entry.node.kind == .directory { left.append((entry.node.id, name)) }
                }
            }
        }
        for version in try store.keptVersions(.rejected) {
            rejected[version.path] = try store.keptBytes(.rejected, version.path)
        }
        conflicts = try store.keptVersions(.conflicts).map { try store.keptBytes(.conflicts, $0.path) }
        conflicts.sort { $0.lexicographicallyPrecedes($1) }
    }

    private static func entry(_ node: Node, _ store: any LocalStore) throws -> Entry {
        var bytes: [UInt8] = []
        if node.kind == .file || node.kind == .symlink {
            bytes = try Array(capacity: Int(node.size) + 1) { span throws(StoreError) in
                try store.read(node.id, at: 0, into: &span)
            }
        }
        var attributes: [[UInt8]: [UInt8]] = [:]
        for name in try store.attributeNames(of: node.id) { attributes[name] = try store.attribute(name, of: node.id) }
        return Entry(
            kind: node.kind, mode: node.mode, hasValue: !node.isDocument || node.revision != 0, bytes: bytes,
            attributes: attributes)
    }

    var description: String {
        var lines = entries.sorted { $0.key < $1.key }.map { path, entry in
            let mode = entry.mode.map { " \(String($0, radix: 8))" } ?? ""
            let shown = entry.bytes.prefix(40).map { $0 >= 32 && $0 < 127 ? Character(UnicodeScalar($0)) : "." }
            let sum = entry.bytes.reduce(UInt64(0)) { $0 &* 31 &+ UInt64($1) }
            return "\(path): \(entry.kind)\(mode), \(entry.bytes.count) bytes (\(sum)) \(String(shown))"
                + (entry.hasValue ? "" : ", no value") + (entry.attributes.isEmpty ? "" : ", \(entry.attributes)")
        }
        lines += rejected.map { "rejected \(String(decoding: $0, as: UTF8.self)): \($1.count) bytes" }.sorted()
        lines += conflicts.map { "conflict: \($0.count) bytes" }
        return lines.joined(separator: "\n")
    }

    /// The lines that only one of the two has.
    func difference(to other: StoreContents) -> String {
        let (mine, others) = (description.split(separator: "\n"), other.description.split(separator: "\n"))
        return
            (mine.filter { !others.contains($0) }.map { "  + \($0)" }
            + others.filter { !mine.contains($0) }.map { "  - \($0)" }).joined(separator: "\n")
    }
}
