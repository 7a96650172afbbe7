internal import Persist

/// A local store spoken to by paths (`records/users/alice.json`), as checks and random operations write them.
///
/// Its clock is a number that moves on by one second with each use, so that no two times are the same by chance.
struct StoreClient {
    private(set) var store: any LocalStore
    let factory: LocalStoreFactory
    private var seconds: Int64 = 1_700_000_000

    init(_ store: any LocalStore, _ factory: LocalStoreFactory) {
        self.store = store
        self.factory = factory
    }

    mutating func tick() -> Timestamp {
        seconds += 1
        return Timestamp(seconds: seconds, nanoseconds: 123_456_789)
    }

    /// Times of the `step`th step, before any other.
    mutating func setClock(_ step: Int) { seconds = 1_700_000_000 + Int64(step) * 10 }

    // MARK: Looking

    func node(_ path: String) throws -> Node {
        var node = try store.node(.root)
        for name in path.split(separator: "/") { node = try store.lookup(Self.name(name), in: node.id) }
        return node
    }

    func has(_ path: String) throws -> Bool {
        do {
            _ = try node(path)
            return true
        } catch let error as StoreError where error.kind == .notFound {
            return false
        }
    }

    /// Directory and last name of a path.
    func place(_ path: String) throws -> (parent: NodeID, name: FileName) {
        var names = path.split(separator: "/")
        let last = names.removeLast()
        return (try node(names.joined(separator: "/")).id, Self.name(last))
    }

    func bytes(_ path: String) throws -> [UInt8] { try bytes(of: node(path).id) }

    func bytes(of id: NodeID, at offset: UInt64 = 0, count: Int? = nil) throws -> [UInt8] {
        let size = try Int(store.node(id).size)
        return try Array(capacity: count ?? size + 1) { span throws(StoreError) in
            try store.read(id, at: offset, into: &span)
        }
    }

    /// Everything that is no hole.
    func data(of content: StoredContent) throws -> [Range<UInt64>] {
        var found: [Range<UInt64>] = []
        while let next = try store.nextData(of: content, in: (found.last?.upperBound ?? 0)..<UInt64.max) {
            if let last = found.last, last.upperBound == next.lowerBound {
                found[found.count - 1] = last.lowerBound..<next.upperBound
            } else {
                found.append(next)
            }
        }
        return found
    }

    func text(_ path: String) throws -> String { String(decoding: try bytes(path), as: UTF8.self) }

    /// In pages of `limit`.
    func list(_ path: String, limit: Int = 100) throws -> [DirectoryEntry] {
        let id = try node(path).id
        var found: [DirectoryEntry] = []
        while true {
            let page = try store.list(id, after: found.last?.cookie ?? 0, limit: limit)
            if page.isEmpty { return found }
            found += page
        }
    }

    func names(_ path: String) throws -> [String] { try list(path).map(\.name.description).sorted() }

    // MARK: Changing

    mutating func creation(
        _ path: String, _ kind: Node.Kind = .file, mode: UInt16? = nil, target: String = "", isExclusive: Bool = false
    ) throws -> Creation {
        let place = try place(path)
        return Creation(
            id: try store.reserveNodeID(), parent: place.parent, name: place.name, kind: kind, mode: mode, uid: nil,
            gid: nil, time: tick(), target: Array(target.utf8), isExclusive: isExclusive)
    }

    @discardableResult
    mutating func create(
        _ path: String, _ kind: Node.Kind = .file, mode: UInt16? = nil, target: String = "", isExclusive: Bool = false
    ) throws -> Node {
        try store.create(creation(path, kind, mode: mode, target: target, isExclusive: isExclusive))
    }

    @discardableResult
    mutating func directory(_ path: String) throws -> Node { try create(path, .directory) }

    @discardableResult
    mutating func put(_ path: String, _ text: String, base: Int64? = nil) throws -> Published {
        try put(path, Array(text.utf8), base: base)
    }

    /// Publishes; makes the name where it is not there.
    @discardableResult
    mutating func put(
        _ path: String, _ bytes: [UInt8], base: Int64? = nil
    ) throws -> Published {
        let creation = try has(path) ? nil : creation(path)
        let publication = Publication(
            node: try creation?.id ?? node(path).id, creation: creation, content: .bytes(bytes), mtime: tick(),
            base: base)
        return try store.publish(publication)
    }

    @discardableResult
    mutating func append(
        _ path: String, _ text: String, _ start: Append.Start = .newLine, endsUnterminated: Bool = false,
        tail: TailID? = nil
    ) throws -> Appended {
        let creation = try has(path) ? nil : creation(path)
        return try store.append(
            Append(
                stream: try creation?.id ?? node(path).id, creation: creation, bytes: Array(text.utf8), start: start,
                endsUnterminated: endsUnterminated, time: tick(), tail: tail))
    }

    @discardableResult
    func unlink(_ path: String) throws -> Node {
        let place = try place(path)
        return try store.unlink(place.name, in: place.parent)
    }

    @discardableResult
    func removeDirectory(_ path: String) throws -> Node {
        let place = try place(path)
        return try store.removeDirectory(place.name, in: place.parent)
    }

    @discardableResult
    func rename(_ path: String, to newPath: String, _ mode: Rename.Mode = .replace) throws -> Renamed {
        let from = try place(path)
        let to = try place(newPath)
        return try store.rename(
            Rename(parent: from.parent, name: from.name, newParent: to.parent, newName: to.name, mode: mode))
    }

    func kept(_ area: KeptArea) throws -> [String] {
        try store.keptVersions(area).map { String(decoding: $0.path, as: UTF8.self) }
    }

    // MARK: Others

    /// Kills the process that has the store open, and starts another.
    mutating func reopen() throws {
        guard let reopen = factory.reopen else { throw StoreError(.unsupported) }
        store = try reopen(store)
    }

    func foreignPut(_ namespace: Namespace, _ key: String, _ value: String) throws {
        try factory.foreign?.put(store, namespace, Array(key.utf8), Array(value.utf8))
        try store.refresh()
    }

    func foreignDelete(_ namespace: Namespace, _ key: String) throws {
        try factory.foreign?.delete(store, namespace, Array(key.utf8))
        try store.refresh()
    }

    static func name(_ text: some StringProtocol) -> FileName { FileName(unchecked: Array(text.utf8)) }
}
