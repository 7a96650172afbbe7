internal import CSQLite
internal import Persist

/// Published bytes, wherever they lie. Callers hold one read transaction around the row and its content.
extension Connection {
    static let chunkBytes: UInt64 = 64 << 10

    /// The bytes of a node at `offset`, and its revision.
    func read(_ id: NodeID, at offset: UInt64, into sink: inout ByteSink) throws(StoreError) -> Int64 {
        if let row = cache?.file(id) {
            try read(row, at: offset, into: &sink)
            return row.node.revision
        }
        // Its statement is not over while the content is read: that keeps both in one transaction.
        let revision = try first(
            """
            SELECT ino, parent, cookie, name, ns, kind, class, mode, uid, gid, mtime, ctime, btime, atime, size,
                stored, rev, body, rdev, small FROM node WHERE ino = ?
            """, id
        ) { found throws(StoreError) in
            let row = try self.row(found, small: 19)
            guard !row.isDirectory else { throw StoreError(.isDirectory) }
            try read(row, at: offset, into: &sink)
            return row.node.revision
        }
        guard let revision else { throw StoreError(.notFound) }
        return revision
    }

    func read(_ row: NodeRow, at offset: UInt64, into sink: inout ByteSink) throws(StoreError) {
        guard offset < row.node.size, sink.free > 0 else { return }
        let wanted = Int(min(UInt64(sink.free), row.node.size - offset))
        if row.isDocument {
            try readDocument(row, at: Int64(offset), wanted, into: &sink)
        } else if row.isStream {
            if let stream = row.body { try readStream(stream, at: offset, wanted, into: &sink) }
        } else if let body = row.body {
            try readBody(body, at: offset, wanted, into: &sink)
        } else {
            let small = try row.small.or { () throws(StoreError) in try self.small(of: row.id) }
            small.withUnsafeBytes { sink.append($0, from: Int(offset), wanted) }
        }
    }

    /// All of it; the caller has looked at its size.
    func bytes(of row: NodeRow) throws(StoreError) -> [UInt8] {
        try ByteSink.collect(Int(row.node.size)) { sink throws(StoreError) in
            try read(row, at: 0, into: &sink)
        }
    }

    func small(of id: NodeID) throws(StoreError) -> [UInt8] {
        try first("SELECT small FROM node WHERE ino = ?", id, read: { $0.bytes(0) }) ?? []
    }

    private func readDocument(
        _ row: NodeRow, at offset: Int64, _ wanted: Int, into sink: inout ByteSink
    ) throws(StoreError) {
        // Placeholders have no row, and no bytes.
        let isRecord = row.node.namespace == .records
        // Past 64 KiB a value is read where it is wanted, along its overflow pages; a number is never that long.
        if row.node.size > Self.chunkBytes {
            try requireHere(row)
            let value = LargeValue(self, isRecord ? "records" : "kv", "value")
            defer { value.close() }
            try value.read(Int64(bitPattern: row.id.rawValue), from: Int(offset), wanted, into: &sink)
            return
        }
        let sql: StaticString =
            isRecord
            ? "SELECT CAST(value AS BLOB) FROM records WHERE ino = ?"
            : "SELECT CAST(value AS BLOB) FROM kv WHERE ino = ?"
        let found: Void? = try first(sql, row.id) { row throws(StoreError) in
            row.withBytes(0) { bytes in
                let start = min(Int(offset), bytes.count)
                sink.append(UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + wanted, bytes.count)]))
            }
        }
        if found == nil { try requireHere(row) }
    }

    func readBody(
        _ body: Int64, at offset: UInt64, _ wanted: Int, into sink: inout ByteSink
    ) throws(StoreError) {
        let place = sink.count
        try readChunks(body, at: offset, wanted, into: &sink)
        try readPatches(of: body, at: offset, into: &sink, from: place)
    }

    func readSlot(_ slot: Int64, from skip: Int, _ count: Int, into sink: inout ByteSink) throws(StoreError) {
        guard let bodyFiles else { throw StoreError(.corrupt, hint: "a part of it lies beside the store") }
        try bodyFiles.read(slot, from: skip, count, into: &sink)
    }

    private func readChunks(
        _ body: Int64, at offset: UInt64, _ wanted: Int, into sink: inout ByteSink
    ) throws(StoreError) {
        let end = offset + UInt64(wanted)
        var position = offset
        let chunk = LargeValue(self, "chunk", "data")
        defer { chunk.close() }
        // Its statement is not over while the chunks are read: that keeps all of it in one transaction.
        try each(
            "SELECT idx, cid FROM extent WHERE body = ?1 AND idx BETWEEN ?2 AND ?3 AND cid <> 0 ORDER BY idx", body,
            Int64(offset / Self.chunkBytes), Int64((end - 1) / Self.chunkBytes)
        ) { row throws(StoreError) in
            let start = UInt64(row.int(0)) * Self.chunkBytes
            if start > position {
                try requireHoles(body, position..<start)
                sink.appendZeros(Int(start - position))
                position = start
            }
            let stop = min(end, start + Self.chunkBytes)
            let cid = row.int(1)
            if cid < 0 {
                try readSlot(-cid, from: Int(position - start), Int(stop - position), into: &sink)
                position = stop
                return true
            }
            try chunk.read(
                cid, from: Int(position - start), Int(stop - position), more: Int(end - stop), into: &sink)
            position = stop
            return true
        }
        guard position < end else { return }
        try requireHoles(body, position..<end)
        sink.appendZeros(Int(end - position))
    }
}
