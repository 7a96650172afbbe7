internal import Persist

/// A row of `node`: what everybody may see of it, and where its content lies.
struct NodeRow {
    var node: Node
    var cookie: Int64
    var body: Int64?
    /// Content that lies in the row itself, where it was read with it.
    var small: [UInt8]?
    /// What the row itself has. The size, the revision and the times of a log go on with its events: to write them
    /// here too would cost each line another page of the WAL.
    private(set) var rowSize: UInt64
    private(set) var rowRevision: Int64

    var id: NodeID { node.id }
    var isDirectory: Bool { node.kind == .directory }
    var isNamespace: Bool { node.id.rawValue < NodeID.firstFree }
    /// Its content is its row in records or kv, not a body.
    var isDocument: Bool { node.isDocument && !node.isUnlinked }
    /// A log that has a name.
    var isStream: Bool { node.isStream }

    /// A row without content, as it has just been inserted.
    init(_ node: Node, cookie: Int64) {
        self.node = node
        self.cookie = cookie
        rowSize = node.size
        rowRevision = node.revision
    }

    /// Of a log: what its last event says, where that came after the row was written.
    mutating func follow(_ last: StreamEvent) {
        guard last.end > rowSize else { return }
        node.size = last.end
        node.allocated = last.end
        node.revision = rowRevision + last.sequence
        node.mtime = last.time
        node.ctime = max(node.ctime, last.time)
    }

    /// Of a directory: a file was made in it, after the row was written.
    mutating func touch(_ time: Timestamp) {
        node.mtime = time
        node.ctime = time
    }

    var isBehindItsEvents: Bool { isStream && node.size > rowSize }

    /// What is left of it without its name.
    func unlinked(at time: Timestamp) -> Node {
        var node = node
        node.isUnlinked = true
        node.ctime = time
        return node
    }

    /// Of `SELECT ino, parent, cookie, name, ns, kind, class, mode, uid, gid, mtime, ctime, btime, atime, size,
    /// stored, rev, body, rdev`.
    ///
    /// `Connection.row` is the way to a whole one.
    ///
    /// - Parameter small: the column of `small`, where the statement has it.
    init(_ row: Row, small: Int32? = nil) {
        if let small { self.small = row.optionalBytes(small) }
        cookie = row.int(2)
        body = row.optionalInt(17)
        node = Node(
            id: row.id(0), parent: row.id(1), name: FileName(unchecked: row.bytes(3)),
            namespace: Namespace(rawValue: UInt8(truncatingIfNeeded: row.int(4))),
            kind: Node.Kind(rawValue: UInt8(truncatingIfNeeded: row.int(5))) ?? .file,
            nameClass: NameClass(rawValue: UInt8(truncatingIfNeeded: row.int(6))) ?? .plain,
            mode: row.optionalInt(7).map { UInt16(truncatingIfNeeded: $0) },
            uid: row.optionalInt(8).map { UInt32(truncatingIfNeeded: $0) },
            gid: row.optionalInt(9).map { UInt32(truncatingIfNeeded: $0) },
            mtime: row.time(10), ctime: row.time(11), btime: row.time(12),
            atime: row.optionalInt(13).map { Timestamp(nanoseconds: $0) },
            size: UInt64(bitPattern: row.int(14)), allocated: UInt64(bitPattern: row.int(15)),
            revision: row.int(16), device: UInt64(bitPattern: row.int(18)), isUnlinked: cookie < 0)
        rowSize = node.size
        rowRevision = node.revision
    }
}
