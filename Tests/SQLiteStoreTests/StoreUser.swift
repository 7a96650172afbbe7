import Persist
import SQLiteStore

/// Paths instead of node ids: what tests say of a store.
extension SQLiteStore {
    static var clock: Timestamp { Timestamp(nanoseconds: 1_800_000_000_000_000_000) }

    func find(_ path: String) throws -> Node {
        var node = try self.node(.root)
        for part in path.split(separator: "/") { node = try lookup(try FileName(Array(part.utf8)), in: node.id) }
        return node
    }

    func place(_ path: String) throws -> (parent: NodeID, name: FileName) {
        let parts = path.split(separator: "/").map { Array($0.utf8) }
        let parent = try find(parts.dropLast().map { String(decoding: $0, as: UTF8.self) }.joined(separator: "/"))
        return (parent.id, try FileName(parts[parts.count - 1]))
    }

    func creation(_ path: String, _ kind: Node.Kind = .file) throws -> Creation {
        let place = try place(path)
        return Creation(
            id: try reserveNodeID(), parent: place.parent, name: place.name, kind: kind, mode: nil, uid: nil, gid: nil,
            time: Self.clock)
    }

    @discardableResult
    func make(_ path: String, _ kind: Node.Kind) throws -> Node { try create(try creation(path, kind)) }

    /// Creates or replaces.
    @discardableResult
    func put(_ path: String, _ bytes: [UInt8], base: Int64? = nil) throws -> Published {
        if let there = try? find(path) {
            return try publish(Publication(node: there.id, content: .bytes(bytes), mtime: Self.clock, base: base))
        }
        let creation = try creation(path)
        return try publish(
            Publication(node: creation.id, creation: creation, content: .bytes(bytes), mtime: Self.clock))
    }

    @discardableResult
    func put(_ path: String, _ text: String, base: Int64? = nil) throws -> Published {
        try put(path, Array(text.utf8), base: base)
    }

    func bytes(of id: NodeID, at offset: UInt64 = 0, _ count: Int? = nil) throws -> [UInt8] {
        let wanted = try count ?? Int(node(id).size)
        return try [UInt8](capacity: wanted) { span in try read(id, at: offset, into: &span) }
    }

    func text(_ path: String) throws -> String { String(decoding: try bytes(of: find(path).id), as: UTF8.self) }

    func names(_ path: String) throws -> [String] {
        try list(try find(path).id, after: 0, limit: 1_000).map { "\($0.name)" }.sorted()
    }

    func move(_ path: String, _ target: String, _ mode: Rename.Mode = .replace) throws -> Renamed {
        let (from, to) = (try place(path), try place(target))
        return try rename(
            Rename(parent: from.parent, name: from.name, newParent: to.parent, newName: to.name, mode: mode))
    }

    func remove(_ path: String) throws -> Node {
        let place = try place(path)
        return try unlink(place.name, in: place.parent)
    }

    func addLines(_ path: String, _ text: String) throws -> Appended {
        let there = try? find(path)
        let creation = there == nil ? try creation(path) : nil
        return try append(
            Append(
                stream: there?.id ?? creation!.id, creation: creation, bytes: Array(text.utf8), start: .newLine,
                time: Self.clock))
    }
}

/// The kind of error that `body` throws.
func kind<R>(_ body: () throws -> R) -> StoreError.Kind? {
    do {
        _ = try body()
        return nil
    } catch { return (error as? StoreError)?.kind }
}
