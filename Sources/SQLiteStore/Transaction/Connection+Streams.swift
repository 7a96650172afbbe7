internal import Persist

/// Events by position: `id` is the stream's number << 36 | sequence number, and positions grow with it.
/// A stream has a number (`body` of its node) once it has an event.
extension Connection {
    static func eventID(_ stream: Int64, _ sequence: Int64) -> Int64 {
        stream << 36 | sequence
    }

    static let sequenceMax: Int64 = (1 << 36) - 1

    /// The columns that `NodeRow` names, and what the events of a log add to them.
    func row(_ columns: Row, small: Int32? = nil) throws(StoreError) -> NodeRow {
        var row = NodeRow(columns, small: small)
        if row.isStream, let stream = row.body, let last = try lastEvent(of: stream) { row.follow(last) }
        if row.isDirectory, let time = touches?.time(of: row.id), row.node.ctime < time { row.touch(time) }
        return row
    }

    func lastEvent(of stream: Int64) throws(StoreError) -> StreamEvent? {
        try first(
            """
            SELECT id, pos, newline, length(line), time FROM event WHERE id BETWEEN ?1 AND ?2
                ORDER BY id DESC LIMIT 1
            """,
            Self.eventID(stream, 0), Self.eventID(stream, Self.sequenceMax), read: Self.event)
    }

    func firstEvent(of stream: Int64) throws(StoreError) -> StreamEvent? {
        try first(
            """
            SELECT id, pos, newline, length(line), time FROM event WHERE id BETWEEN ?1 AND ?2
                ORDER BY id LIMIT 1
            """,
            Self.eventID(stream, 0), Self.eventID(stream, Self.sequenceMax), read: Self.event)
    }

    private static func event(_ row: Row) -> StreamEvent {
        let position = UInt64(bitPattern: row.int(1))
        return StreamEvent(
            sequence: row.int(0) & sequenceMax, position: position,
            end: position + UInt64(bitPattern: row.int(2) + row.int(3)), hasNewline: row.int(2) != 0,
            time: row.time(4))
    }

    /// The sequence number of the event that holds the byte at `offset`.
    private func sequence(of stream: Int64, at offset: UInt64) throws(StoreError) -> Int64? {
        guard var low = try firstEvent(of: stream)?.sequence, var high = try lastEvent(of: stream)?.sequence
        else { return nil }
        while low < high {
            let middle = low + (high - low + 1) / 2
            let position = try first(
                "SELECT pos FROM event WHERE id = ?", Self.eventID(stream, middle), read: { $0.int(0) })
            guard let position else { throw StoreError(.corrupt, hint: "a stream has lost an event") }
            if UInt64(bitPattern: position) <= offset { low = middle } else { high = middle - 1 }
        }
        return low
    }

    func readStream(
        _ stream: Int64, at offset: UInt64, _ wanted: Int, into sink: inout ByteSink
    ) throws(StoreError) {
        guard let start = try sequence(of: stream, at: offset) else { return }
        var left = wanted
        try each(
            "SELECT pos, newline, line FROM event WHERE id BETWEEN ?1 AND ?2 ORDER BY id",
            Self.eventID(stream, start), Self.eventID(stream, Self.sequenceMax)
        ) { row throws(StoreError) in
            let position = UInt64(bitPattern: row.int(0))
            var skip = Int(offset > position ? offset - position : 0)
            row.withBytes(2) { bytes in
                let taken = max(0, min(bytes.count - skip, left))
                if taken > 0 {
                    sink.append(UnsafeRawBufferPointer(rebasing: bytes[skip..<(skip + taken)]))
                    left -= taken
                }
                skip -= min(skip, bytes.count)
            }
            if row.int(1) != 0 && left > 0 && skip == 0 {
                sink.append([UInt8(ascii: "\n")])
                left -= 1
            }
            return left > 0
        }
    }
}
