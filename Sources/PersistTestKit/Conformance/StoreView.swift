internal import Persist

/// What two stores must agree on, in words.
///
/// Left out: node ids, revisions, cookies, ctime, the times of directories, and times that a store took from its
/// own clock (others' changes, recovery): they only have to be later than any that a sequence gives.
enum StoreView {
    private static let clockBegins = Timestamp(seconds: 1_750_000_000, nanoseconds: 0)

    static func path(_ path: String, in client: StoreClient) throws -> String {
        do {
            return "\(path): " + (try node(client.node(path), in: client))
        } catch let error as StoreError where error.kind == .notFound || error.kind == .notDirectory {
            return "\(path): \(error.kind)"
        }
    }

    /// Everything that has a name, and the kept versions.
    /// - Parameter isExact: with what a far side does not keep, kept versions among it.
    static func tree(in client: StoreClient, isExact: Bool = true) throws -> [String] {
        var lines: [String] = []
        for namespace in Namespace.allCases { try below(namespace.name.description, client, isExact, &lines) }
        guard isExact else { return lines }
        for version in try client.store.keptVersions(.rejected) {
            let bytes = try client.store.keptBytes(.rejected, version.path)
            lines.append("rejected \(String(decoding: version.path, as: UTF8.self)): \(words(bytes))")
        }
        let conflicts = try client.store.keptVersions(.conflicts).map { version in
            let path = version.path.prefix { $0 != UInt8(ascii: "@") }
            let bytes = try client.store.keptBytes(.conflicts, version.path)
            return "conflict \(String(decoding: path, as: UTF8.self)): \(words(bytes))"
        }
        return lines + conflicts.sorted()
    }

    /// The paths of everything that has a name.
    static func paths(in client: StoreClient) throws -> [String] {
        var found: [String] = []
        var left = Namespace.allCases.map(\.name.description)
        while let path = left.popLast() {
            for entry in try client.list(path) {
                found.append("\(path)/\(entry.name)")
                if entry.node.kind == .directory { left.append("\(path)/\(entry.name)") }
            }
        }
        return found.sorted()
    }

    private static func below(
        _ path: String, _ client: StoreClient, _ isExact: Bool, _ lines: inout [String]
    ) throws {
        for entry in try client.list(path, limit: 7).sorted(by: { $0.name < $1.name }) {
            let name = "\(path)/\(entry.name)"
            lines.append("\(name): " + (try node(entry.node, in: client, isExact)))
            if entry.node.kind == .directory { try below(name, client, isExact, &lines) }
        }
    }

    private static func node(_ node: Node, in client: StoreClient, _ isExact: Bool = true) throws -> String {
        var words = ["\(node.kind)", "mode \(node.mode.map { String($0, radix: 8) } ?? "-")", "uid \(node.uid ?? 0)"]
        if node.kind == .file {
            words.append("\(node.nameClass)")
            words.append("key \(try client.store.key(of: node.id)?.description ?? "-")")
            if node.isDocument { words.append(node.revision == 0 ? "no value" : "a value") }
        }
        if node.kind != .directory {
            words.append("mtime \(node.isStream && !isExact ? "" : time(node.mtime))")
            if isExact { words.append("btime \(time(node.btime))") }
            var bytes = try client.bytes(of: node.id)
            if node.isStream, !isExact, let last = bytes.last, last != UInt8(ascii: "\n") {
                bytes += [UInt8(ascii: "\n")]
            }
            words.append("size \(bytes.count): \(Self.words(bytes))")
            if node.kind == .file, isExact { words.append("data \(try client.data(of: .published(node.id)))") }
        }
        if let atime = node.atime, isExact { words.append("atime \(time(atime))") }
        for name in try client.store.attributeNames(of: node.id).sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            let value = try client.store.attribute(name, of: node.id)
            words.append("\(String(decoding: name, as: UTF8.self))=\(Self.words(value))")
        }
        return words.joined(separator: ", ")
    }

    private static func time(_ time: Timestamp) -> String { time >= clockBegins ? "clock" : "\(time.nanoseconds)" }

    /// Short bytes as they are, long ones by runs.
    static func words(_ bytes: [UInt8]) -> String {
        if bytes.count <= 80 { return String(decoding: bytes, as: UTF8.self).debugDescription }
        var runs: [String] = []
        var start = 0
        while start < bytes.count, runs.count < 20 {
            var end = start
            while end < bytes.count, bytes[end] == bytes[start] { end += 1 }
            runs.append("\(end - start)×\(bytes[start])")
            start = end
        }
        return "\(bytes.count) bytes, " + runs.joined(separator: " ") + (start < bytes.count ? " …" : "")
    }
}
