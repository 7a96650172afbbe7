internal import Persist

/// Leads from paths to nodes. A listing has many in one directory: the last one is remembered, within one transaction.
struct PathWalk {
    private var directory: (path: ArraySlice<UInt8>, id: NodeID)?

    /// The node that a path leads to, the namespace first.
    mutating func node(at path: [UInt8], in db: Connection) throws(StoreError) -> NodeRow? {
        guard let slash = path.lastIndex(of: UInt8(ascii: "/")) else { return try db.node(at: path) }
        guard let parent = try self.directory(path[..<slash], in: db) else { return nil }
        return try db.child(FileName(unchecked: Array(path[(slash + 1)...])), of: parent)
    }

    /// nil: there is none, or it is no directory.
    mutating func directory(_ path: ArraySlice<UInt8>, in db: Connection) throws(StoreError) -> NodeID? {
        if let known = directory, known.path == path { return known.id }
        guard let row = try db.node(at: Array(path)), row.isDirectory else { return nil }
        directory = (path, row.id)
        return row.id
    }

    /// A directory may have lost its name.
    mutating func forget() { directory = nil }
}
