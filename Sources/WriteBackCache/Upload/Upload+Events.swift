import Persist
import SQLiteStore

/// Logs: each of their events is a value of its own, or a line of a segment (`EventSegments`).
extension Upload {
    /// What is put down in between, and in one segment.
    private static let eventsMost = 256
    /// Of a segment of more than one line.
    private static let segmentBytesMost = 256 << 10

    /// Its own events that have not been sent, in their order: all that were there when this began. A log that grows faster
    /// than it is sent would keep who waits for that waiting for ever.
    func putEvents(
        of snapshot: OutboxSnapshot, _ node: Node, _ record: FarRecord
    ) async throws(StoreError) -> FarRecord {
        var record = record
        guard let stream = EventKey.stream(of: snapshot.shown) else {
            throw StoreError(
                .invalid, key: StoreKey(snapshot.shown.text), hint: "no key of the far side leads to this log")
        }
        let hasSegments = far.adapter is any EventSegments
        let last = try store.lastEvent(of: node.id)
        while true {
            let (events, isAnew) = try store.logEvents(
                of: node.id, after: record.event, again: record.openPiece != nil, limit: Self.eventsMost)
            // A segment that waits begins with the first of these, or its lines have been removed.
            let isOther = record.segmentEnd.map { end in events.first.map { $0.id > end } ?? true } ?? false
            if isAnew || isOther {
                try await putDown(record)
                try await removeEvents(below: EventKey.prefix(ofStream: stream))
                (record.event, record.tried) = (0, nil)
                try await putDown(record)
            }
            // The far side may not get ahead of the disk: what is lost here would be there, and be taken for what is here.
            if !hasSegments, !events.isEmpty { try await putDown(record) }
            var rest = events[...]
            while let event = rest.first {
                if hasSegments, event.isFinished, sentPiece(of: event, record) == nil {
                    let segment = segment(of: rest, through: record.segmentEnd)
                    rest = rest.dropFirst(segment.count)
                    try await putSegment(segment, of: stream, &record)
                } else {
                    rest.removeFirst()
                    try await put(event, of: stream, &record)
                }
            }
            guard events.count == Self.eventsMost, record.event < last else { return record }
            try await putDown(record)
        }
    }

    /// Of one that was sent without its end.
    private func sentPiece(of event: LogEvent, _ record: FarRecord) -> Range<Int>? {
        event.id == record.event ? record.openPiece?.clamped(to: 0..<event.line.count) : nil
    }

    /// Counted on from the last one that is put down: sent again, it has the same key again.
    private func position(of event: LogEvent, after record: FarRecord) -> EventKey.Position {
        EventKey.Position(stored: record.position, writer: writer)
            .next(at: UInt64(max(0, event.time.nanoseconds / 1_000_000)))
    }

    private func put(_ event: LogEvent, of stream: [UInt8], _ record: inout FarRecord) async throws(StoreError) {
        var start = 0
        if let sent = sentPiece(of: event, record) {
            // Nobody knows whether it came through.
            try await put(event.line[sent], at: record.position, of: stream)
            if sent.upperBound == event.line.count {
                if event.isFinished { record.openPiece = nil }
                return
            }
            start = sent.upperBound
        }
        let before = record
        (record.event, record.position) = (event.id, position(of: event, after: record).stored)
        // It may be longer, and have another time, when it is sent again: after loss of power too it must be this piece.
        let isPiece = start > 0 || !event.isFinished
        record.openPiece = isPiece ? start..<event.line.count : nil
        if isPiece { try await putDown(record) }
        do throws(StoreError) { try await put(event.line[start...], at: record.position, of: stream) } catch {
            // Those before it are not sent again: else a log would go only where all of it goes at once.
            if !isPiece { try await putDown(before) }
            throw error
        }
        if event.isFinished { record.openPiece = nil }
    }

    private func put(
        _ bytes: ArraySlice<UInt8>, at position: Int64, of stream: [UInt8]
    ) async throws(StoreError) {
        let position = EventKey.Position(stored: position, writer: writer)
        try await put(EventKey(stream: stream, position: position).storeKey, Array(bytes))
    }

    /// Whole lines from the first on.
    ///
    /// - Parameter end: the last of them, where they have been sent before; nil: as many as one segment has.
    private func segment(of events: ArraySlice<LogEvent>, through end: Int64?) -> ArraySlice<LogEvent> {
        let lines = events.prefix { $0.isFinished }
        if let end { return lines.prefix { $0.id <= end } }
        var bytes = 0
        let count = lines.prefix {
            bytes += $0.line.count + 1
            return bytes <= Self.segmentBytesMost
        }.count
        return lines.prefix(max(1, count))
    }

    private func putSegment(
        _ events: ArraySlice<LogEvent>, of stream: [UInt8], _ record: inout FarRecord
    ) async throws(StoreError) {
        guard let first = events.first, let last = events.last else { return }
        let position = position(of: first, after: record)
        if record.segmentEnd == nil {
            // What comes after it must not be in it when it is sent again: others have it by then. After loss of power too.
            record.segmentEnd = last.id
            try await putDown(record)
        }
        let newline = UInt8(ascii: "\n")
        let value = events.reduce(into: [UInt8]()) { $0 += $1.line + [newline] }
        try await put(EventKey(stream: stream, position: position, isSegment: true).storeKey, value)
        (record.event, record.position, record.tried) = (last.id, position.stored, nil)
    }

    func removeEvents(below prefix: StoreKey) async throws(StoreError) {
        var keys: [StoreKey] = []
        try await far.list(prefix, most: 1_000) { entries throws(StoreError) in
            for key in entries.map(\.key) {
                // Not those of a log in a directory of the same name; nor what others have appended that nobody has seen
                // here: the log comes back with it.
                guard case .event(let event)? = FarKey(key), EventKey.prefix(ofStream: event.stream) == prefix
                else { continue }
                let isKnown = event.position.writer == writer ? true : try store.hasArrived(key.bytes)
                if isKnown { keys.append(key) }
            }
        }
        for key in keys { try await delete(key) }
    }
}
