internal import Persist

/// What a `MemoryStore` holds: a value, so that a transaction that fails is undone by keeping the old one.
///
/// Its methods may therefore throw in the middle of their work. They say what the rules say in the plainest way,
/// whatever it costs: other stores are judged by it.
struct MemoryTree: Sendable {
    struct Entry: Sendable {
        var node: Node
        /// Of a file its content, of a symlink its target.
        var bytes: [UInt8] = []
        var children: [FileName: Child] = [:]
        var attributes: [[UInt8]: [UInt8]] = [:]
        /// Created with O_EXCL, and not renamed since: `4913` is temporary only then.
        var isExclusive = false
        /// Another program made it a document, whatever its name looks like.
        var isForeign = false
    }

    /// A cookie belongs to the name, not to the node: a name whose file is replaced stays where it was in a listing.
    struct Child: Sendable {
        var id: NodeID
        let cookie: UInt64
    }

    let limits: StoreLimits
    var entries: [NodeID: Entry] = [:]
    var holds: [NodeID: Int] = [:]
    var writing: [NodeID: Int] = [:]
    var drafts: [Int64: MemoryDraft] = [:]
    var tails: [TailID: MemoryTail] = [:]
    var kept: [KeptArea: [[UInt8]: Kept]] = [:]

    private var lastNode = NodeID.firstFree
    private var lastCookie: UInt64 = 16
    private var lastRevision: Int64 = 0
    private var lastNumber: Int64 = 0

    struct Kept: Sendable {
        var bytes: [UInt8]
        var time: Timestamp
        var error: String
    }

    init(limits: StoreLimits, now: Timestamp) {
        self.limits = limits
        entries[.root] = Entry(
            node: Self.directory(.root, in: .root, name: FileName(unchecked: []), namespace: nil, now: now))
        for namespace in Namespace.allCases {
            let node = Self.directory(namespace.node, in: .root, name: namespace.name, namespace: namespace, now: now)
            entries[node.id] = Entry(node: node)
            attach(node.id, as: namespace.name, in: .root)
        }
    }

    private static func directory(
        _ id: NodeID, in parent: NodeID, name: FileName, namespace: Namespace?, now: Timestamp
    ) -> Node {
        Node(
            id: id, parent: parent, name: name, namespace: namespace, kind: .directory, nameClass: .plain, mode: nil,
            uid: nil, gid: nil, mtime: now, ctime: now, btime: now, atime: nil, size: 0, allocated: 0, revision: 1,
            device: 0, isUnlinked: false)
    }

    // MARK: Numbers that are given once

    mutating func newNodeID() -> NodeID {
        lastNode += 1
        return NodeID(lastNode)
    }

    mutating func newRevision() -> Int64 {
        lastRevision += 1
        return lastRevision
    }

    /// The content of a node has changed.
    mutating func moveRevision(_ id: NodeID) {
        let revision = newRevision()
        entries[id]?.node.revision = revision
    }

    /// Of a draft or a tail.
    mutating func newNumber() -> Int64 {
        lastNumber += 1
        return lastNumber
    }

    // MARK: Finding

    func entry(_ id: NodeID) throws(StoreError) -> Entry {
        guard let found = entries[id] else { throw StoreError(.notFound) }
        return found
    }

    func directory(_ id: NodeID) throws(StoreError) -> Entry {
        let found = try entry(id)
        guard found.node.kind == .directory else { throw StoreError(.notDirectory) }
        return found
    }

    /// A directory that names can be made in.
    func livingDirectory(_ id: NodeID) throws(StoreError) -> Entry {
        let found = try directory(id)
        guard !found.node.isUnlinked else { throw StoreError(.notFound) }
        return found
    }

    func find(_ name: FileName, in parent: NodeID) throws(StoreError) -> Entry {
        guard let child = try directory(parent).children[name] else { throw StoreError(.notFound) }
        return try entry(child.id)
    }

    /// The names from the root to `id`, its namespace first.
    func components(of id: NodeID) throws(StoreError) -> [FileName] {
        var names: [FileName] = []
        var node = try entry(id).node
        while node.id != .root {
            names.append(node.name)
            node = try entry(node.parent).node
        }
        return names.reversed()
    }

    func path(of id: NodeID) throws(StoreError) -> [UInt8] {
        Array(try components(of: id).map(\.bytes).joined(separator: [UInt8(ascii: "/")]))
    }

    func list(_ id: NodeID, after cookie: UInt64, limit: Int) throws(StoreError) -> [DirectoryEntry] {
        var found: [DirectoryEntry] = []
        for child in try directory(id).children.values.sorted(by: { $0.cookie < $1.cookie })
        where child.cookie > cookie && found.count < limit {
            found.append(DirectoryEntry(cookie: child.cookie, node: try entry(child.id).node))
        }
        return found
    }

    /// `id` and everything below it.
    func subtree(_ id: NodeID) -> [NodeID] {
        [id] + (entries[id]?.children.values.flatMap { subtree($0.id) } ?? [])
    }

    // MARK: Changing

    /// Gives a node a name; one that the name had before must be detached, or be kept by the caller.
    mutating func attach(_ id: NodeID, as name: FileName, in parent: NodeID) {
        let cookie = entries[parent]?.children[name]?.cookie ?? nextCookie()
        entries[parent]?.children[name] = Child(id: id, cookie: cookie)
        entries[id]?.node.parent = parent
        entries[id]?.node.name = name
        entries[id]?.node.isUnlinked = false
    }

    /// As a hash would, spread evenly; a product with an odd number is each time another.
    private mutating func nextCookie() -> UInt64 {
        lastCookie += 1
        return 16 + (lastCookie &* 0x9e37_79b9_7f4a_7c15) & (1 << 61 - 1)
    }

    /// Takes the name from a node, which stays as long as it is held.
    /// - Returns: the node as it is now.
    mutating func detach(_ id: NodeID, now: Timestamp) throws(StoreError) -> Node {
        let node = try entry(id).node
        if entries[node.parent]?.children[node.name]?.id == id { entries[node.parent]?.children[node.name] = nil }
        entries[id]?.node.isUnlinked = true
        entries[id]?.node.ctime = now
        let result = try entry(id).node
        collect(id)
        return result
    }

    /// Forgets an unlinked node that nobody holds.
    mutating func collect(_ id: NodeID) {
        guard entries[id]?.node.isUnlinked == true, holds[id] == nil else { return }
        entries[id] = nil
    }

    /// A name in `directory` has come or gone.
    mutating func touch(_ directory: NodeID, _ time: Timestamp) {
        entries[directory]?.node.mtime = time
        entries[directory]?.node.ctime = time
    }

    mutating func setBytes(_ id: NodeID, _ bytes: [UInt8]) {
        entries[id]?.bytes = bytes
        entries[id]?.node.size = UInt64(bytes.count)
        entries[id]?.node.allocated = UInt64(bytes.count)
    }
}
