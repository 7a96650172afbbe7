import Persist
import SQLiteStore

/// Logs: each of their events is a value of its own.
extension Upload {
    /// What is put down in between.
    private static let eventsMost = 256

    /// Its own events that have not been sent, each under a key of its own, in their order.
    func putEvents(
        of snapshot: OutboxSnapshot, _ node: Node, _ record: FarRecord
    ) async throws(StoreError) -> FarRecord {
        var record = record
        guard let stream = EventKey.stream(of: snapshot.shown) else {
            throw StoreError(
                .invalid, key: StoreKey(snapshot.shown.text), hint: "no key of the far side leads to this log")
        }
        let prefix = EventKey.prefix(ofStream: stream)
        while true {
            let (events, isAnew) = try store.logEvents(
                of: node.id, after: record.event, again: record.isOpen, limit: Self.eventsMost)
            if isAnew {
                try await removeEvents(below: prefix)
                (record.event, record.isOpen) = (0, false)
                try await announce(record)
            }
            for event in events {
                let sent = record
                // Counted on from the last one that is put down: sent again, it has the same key again.
                var position = EventKey.Position(stored: record.position, writer: writer)
                if !(record.isOpen && event.id == record.event) {
                    position = position.next(at: UInt64(max(0, event.time.nanoseconds / 1_000_000)))
                }
                (record.event, record.position, record.isOpen) = (event.id, position.stored, !event.isFinished)
                // Its time will be another when it is continued: after loss of power too it must have this key.
                if record.isOpen {
                    try await announce(record)
                    try store.sync()
                }
                do throws(StoreError) {
                    try await put(EventKey(stream: stream, position: position).storeKey, event.line)
                } catch {
                    // Those before it are not sent again: else a log would go only where all of it goes at once.
                    if !record.isOpen { try await announce(sent) }
                    throw error
                }
            }
            guard events.count == Self.eventsMost else { return record }
            try await announce(record)
        }
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
