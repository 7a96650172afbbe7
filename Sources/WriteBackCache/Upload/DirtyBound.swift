import Persist
import SQLiteStore
import Synchronization

/// The shell of `DirtyRoom`: the clock, the disk's free room, and who waits.
final class DirtyBound: Sendable {
    private struct State {
        var room: DirtyRoom
        var waiting: [Int: First<Void>] = [:]
        /// When the disk was asked last.
        var lookedAt: Int64?
        var isEnding = false
    }

    /// How often who waits looks by itself: a promise that nobody has taken, and the disk, tell of nothing.
    private static let lookMilliseconds: Int64 = 500
    /// How often the far side is tried while somebody waits: every so many looks.
    private static let looksUntilProbe = 4
    /// How often the disk is asked.
    private static let diskMilliseconds: Int64 = 1_000

    let bytesMax: UInt64
    let waitMilliseconds: Int64
    /// Of the disk that the local store lies on.
    private let freeBytes: @Sendable () -> UInt64?
    private let state: Mutex<State>
    private let probe = Mutex<(@Sendable () -> Void)?>(nil)
    private let start = ContinuousClock.now

    init(bytesMax: UInt64, waitMilliseconds: Int64, freeBytes: @escaping @Sendable () -> UInt64?) {
        self.bytesMax = bytesMax
        self.waitMilliseconds = waitMilliseconds
        self.freeBytes = freeBytes
        state = Mutex(State(room: DirtyRoom(bytesMax: bytesMax, waitMilliseconds: waitMilliseconds)))
    }

    private var now: Int64 { Int64((ContinuousClock.now - start) / .milliseconds(1)) }

    /// How many bytes wait for the far side, and how many may now.
    var figures: (bytes: UInt64, most: UInt64) {
        lookAtDisk(now)
        return state.withLock { ($0.room.dirtyBytes, $0.room.bytesMax) }
    }

    // MARK: What is in the outbox

    func noted(_ entries: [OutboxEntry]) {
        state.withLock { state in
            for entry in entries {
                state.room.note(entry.node, generation: entry.generation, bytes: entry.bytes)
            }
        }
    }

    func gone(_ id: NodeID, through generation: Int64) {
        state.withLock { $0.room.gone(id, through: generation, now: now) }
        admit()
    }

    // MARK: Who wants to store something

    /// - Throws: as `FarWaits.requireRoom`.
    func require(_ request: DirtyRoom.Request, waits: Bool) throws(StoreError) {
        let now = now
        lookAtDisk(now)
        let answer = state.withLock { $0.isEnding ? nil : $0.room.ask(request, waits: waits, now: now) }
        switch answer {
        case .room: return
        case nil: throw StoreError(.io, hint: "the mount ends")
        case .wait: throw StoreError(absent: Room(bound: self, request: request))
        case .full:
            throw StoreError(
                .full, hint: "too much waits for the far side, and it does not take it (option dirty_max)")
        }
    }

    private struct Room: Absence {
        let bound: DirtyBound
        let request: DirtyRoom.Request

        var waitMax: Duration? { .milliseconds(bound.waitMilliseconds + 10_000) }
        func bring() async throws(StoreError) { await bound.wait(for: request) }
    }

    /// Returns when there is room for it, or it has waited long enough: then it is told so when it asks again.
    private func wait(for request: DirtyRoom.Request) async {
        let first = First<Void>()
        let ticket = state.withLock { state -> Int? in
            guard !state.isEnding else { return nil }
            let ticket = state.room.enqueue(request, now: now)
            if let ticket { state.waiting[ticket] = first }
            return ticket
        }
        guard let ticket else { return }
        let deadline = now + waitMilliseconds
        let clock = Task.detached { [self] in
            var looks = 0
            while now < deadline {
                if looks % Self.looksUntilProbe == 0 { probe.withLock { $0 }?() }
                looks += 1
                let rest = min(Self.lookMilliseconds, deadline - now)
                guard (try? await Task.sleep(for: .milliseconds(max(1, rest)))) != nil else { return }
                lookAtDisk(now)
                admit()
            }
            let waiting = state.withLock { state in
                state.room.giveUp(ticket, asksAgain: true)
                return state.waiting.removeValue(forKey: ticket)
            }
            waiting?.give(())
        }
        await first.value
        clock.cancel()
    }

    /// - Parameter probe: is called while somebody waits: a far side that is down may be back.
    func whileWaiting(_ probe: @escaping @Sendable () -> Void) { self.probe.withLock { $0 = probe } }

    private func admit() {
        let admitted = state.withLock { state in
            state.room.admit(now: now).compactMap { state.waiting.removeValue(forKey: $0) }
        }
        for waiting in admitted { waiting.give(()) }
    }

    /// Nobody waits any more, and nothing has room.
    func end() {
        let waiting = state.withLock { state in
            state.isEnding = true
            for ticket in state.waiting.keys { state.room.giveUp(ticket, asksAgain: false) }
            defer { state.waiting = [:] }
            return Array(state.waiting.values)
        }
        for waiting in waiting { waiting.give(()) }
    }

    /// What cannot be evicted takes at most half of what it could: the disk has other users.
    private func lookAtDisk(_ now: Int64) {
        let isDue = state.withLock { state in
            if let lookedAt = state.lookedAt, now - lookedAt < Self.diskMilliseconds { return false }
            state.lookedAt = now
            return true
        }
        guard isDue else { return }
        guard let free = freeBytes(), free > 0 else { return }
        state.withLock { state in
            state.room.bytesMax = min(bytesMax, (free + state.room.dirtyBytes) / 2)
        }
    }
}
