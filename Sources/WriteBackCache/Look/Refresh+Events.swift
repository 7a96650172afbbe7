import Persist
import SQLiteStore

/// The look at events: each has a key of its own, and never changes.
extension Refresh {
    func takeEvents(_ listing: FarSide.Keys?) async throws(StoreError) -> Int {
        var changed = 0
        var odd = IgnoredKeys.Found()
        if far.attributed != nil, far.listsKeys {
            try await far.listKeysPatiently(Self.events, most: Self.pieceMost, from: listing) {
                entries async throws(StoreError) in
                changed += try await takeNew(entries, &odd)
            }
        } else {
            try await far.listPatiently(Self.events, most: Self.pieceMost) { entries throws(StoreError) in
                var events: [Event] = []
                for entry in entries {
                    if let event = event(entry.key, &odd) { events.append(event.with(entry.value)) }
                }
                changed += try take(events)
            }
        }
        if ignored.set(odd), let words = odd.words { log(words) }
        return changed
    }

    private struct Event {
        let key: EventKey
        /// nil: it is here already.
        var line: [UInt8]?

        func with(_ line: [UInt8]) -> Event { Event(key: key, line: line) }
    }

    private func event(_ key: StoreKey, _ odd: inout IgnoredKeys.Found) -> Event? {
        guard case .event(let found)? = FarKey(key) else {
            odd.add(key)
            return nil
        }
        return Event(key: found)
    }

    /// What is asked for, and taken over, at once (R14).
    private static let bytesMost: UInt64 = 4 << 20

    /// Of a listing of keys, what has not arrived is asked for.
    private func takeNew(_ entries: [KeyEntry], _ odd: inout IgnoredKeys.Found) async throws(StoreError) -> Int {
        var (changed, bytes) = (0, UInt64(0))
        var events: [Event] = []
        var unknown: [KeyEntry] = []
        for entry in entries {
            guard let event = event(entry.key, &odd) else { continue }
            if event.key.position.writer != writer, try !store.hasArrived(entry.key.bytes) {
                let size = min(entry.size, Self.bytesMost)
                if !unknown.isEmpty, bytes + size > Self.bytesMost {
                    changed += try await take(events, asking: unknown)
                    (events, unknown, bytes) = ([], [], 0)
                }
                unknown.append(entry)
                bytes += size
            }
            events.append(event)
        }
        return changed + (try await take(events, asking: unknown))
    }

    private func take(_ events: [Event], asking unknown: [KeyEntry]) async throws(StoreError) -> Int {
        let lines = try await far.sidesPatiently(of: unknown)
        let found = Dictionary(zip(unknown.map(\.key), lines)) { $1 }
        return try take(
            events.map { event in
                guard let line = found[event.key.storeKey] ?? nil else { return event }
                return event.with(line)
            })
    }

    /// Of a segment each ends with a newline; empty ones are events too. Of other programs one event may have several.
    private static func lines(of value: [UInt8]) -> [[UInt8]] {
        let ended = value.last == UInt8(ascii: "\n") ? value.dropLast() : value[...]
        return ended.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map(Array.init)
    }

    private func take(_ events: [Event]) throws(StoreError) -> Int {
        var logs: [[UInt8]: [(key: [UInt8], event: LogEvent)]] = [:]
        for event in events {
            let key = event.key
            guard let line = event.line, key.position.writer != writer else {
                logs[key.stream, default: []] += []
                continue
            }
            let milliseconds = Int64(key.position.milliseconds)
            let time = Timestamp(seconds: milliseconds / 1_000, nanoseconds: milliseconds % 1_000 * 1_000_000)
            let lines = Self.lines(of: line)
            for (index, line) in lines.enumerated() {
                logs[key.stream, default: []].append(
                    (key.lineKey(index, of: lines.count), LogEvent(id: 0, time: time, line: line)))
            }
        }
        var changed = 0
        for (stream, events) in logs {
            var path = ShownPath(.events, EventKey.path(ofStream: stream).names)
            if try store.node(at: path.text)?.kind == .directory {
                path = ShownPath(.events, EventKey.path(ofStream: stream, isPrefix: true).names)
            }
            let (added, refusal) = try store.appendFromFar(events, to: path.names)
            changed += added
            if let refusal { log("\(path): an event is not shown: \(refusal)") }
            try store.sawValues(at: [path.text])
        }
        return changed
    }
}
