public import Persist

/// A value that is on its way to the far side in parts, as it is put down here: after a crash it goes on, or is given up.
public struct FarUpload: Sendable, Equatable {
    public var node: NodeID
    public var key: [UInt8]
    /// Of the content that is sent: `Node.revision`, and its size.
    public var revision: Int64
    public var size: UInt64
    /// Of each part but the last.
    public var partBytes: UInt64
    /// What lies with the value, as `FarRecord.meta` has it.
    public var meta: [UInt8]
    /// The adapter's name for it (`PartedUpload.token`); nil: nobody knows whether it was begun.
    public var token: [UInt8]?
    public var begun: Timestamp
    /// Which parts have arrived, by their number.
    public var parts: [Int: PartReceipt]

    public init(
        node: NodeID, key: [UInt8], revision: Int64, size: UInt64, partBytes: UInt64, meta: [UInt8],
        token: [UInt8]? = nil,
        begun: Timestamp, parts: [Int: PartReceipt] = [:]
    ) {
        self.node = node
        self.key = key
        self.revision = revision
        self.size = size
        self.partBytes = partBytes
        self.meta = meta
        self.token = token
        self.begun = begun
        self.parts = parts
    }
}

extension SQLiteStore {
    /// All that have been begun.
    public func farUploads() throws(StoreError) -> [FarUpload] {
        try readers.read { db throws(StoreError) in
            var uploads: [FarUpload] = []
            for id in try db.all("SELECT ino FROM upload", read: { $0.id(0) }) {
                if let upload = try db.farUpload(of: id) { uploads.append(upload) }
            }
            return uploads
        }
    }
}

extension Connection {
    func farUpload(of id: NodeID) throws(StoreError) -> FarUpload? {
        let found = try first(
            "SELECT ino, key, rev, size, part_bytes, meta, token, begun FROM upload WHERE ino = ?", id
        ) { row throws(StoreError) in
            FarUpload(
                node: row.id(0), key: row.bytes(1), revision: row.int(2), size: UInt64(row.int(3)),
                partBytes: UInt64(row.int(4)), meta: row.bytes(5), token: row.optionalBytes(6), begun: row.time(7))
        }
        guard var upload = found else { return nil }
        let parts = try all("SELECT number, mark, sum FROM part WHERE ino = ?", id) { row throws(StoreError) in
            (Int(row.int(0)), PartReceipt(mark: row.bytes(1), sum: row.bytes(2)))
        }
        for (number, receipt) in parts { upload.parts[number] = receipt }
        return upload
    }
}

extension Transaction {
    /// With its parts, which are none yet.
    func putUpload(_ upload: FarUpload) throws(StoreError) {
        try endUpload(of: upload.node)
        try db.run(
            """
            INSERT INTO upload(ino, key, rev, size, part_bytes, meta, token, begun) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """, upload.node, upload.key, upload.revision, Int64(upload.size), Int64(upload.partBytes), upload.meta,
            upload.token, upload.begun)
    }

    func putPart(_ number: Int, _ receipt: PartReceipt, of id: NodeID) throws(StoreError) {
        try db.run(
            "INSERT OR REPLACE INTO part(ino, number, mark, sum) VALUES (?, ?, ?, ?)", id, Int64(number), receipt.mark,
            receipt.sum)
    }

    func endUpload(of id: NodeID) throws(StoreError) {
        try db.run("DELETE FROM upload WHERE ino = ?", id)
        try db.run("DELETE FROM part WHERE ino = ?", id)
    }
}
