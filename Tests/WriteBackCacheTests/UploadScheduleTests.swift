import PersistTestKit
import Testing
import WriteBackCache

@Suite("The upload schedule")
struct UploadScheduleTests {
    /// A schedule, and what it said last.
    struct Desk {
        var schedule: UploadSchedule
        var now: Int64 = 1_000_000
        private(set) var wakeAt: Int64?

        init(_ limits: UploadLimits = UploadLimits()) { schedule = UploadSchedule(limits: limits, seed: 1) }

        /// Sends an event, and says what starts.
        @discardableResult
        mutating func send(_ event: UploadSchedule.Event) -> [Int64] {
            actions(event).compactMap { action in
                if case .start(let id, _) = action { id } else { nil }
            }
        }

        mutating func actions(_ event: UploadSchedule.Event) -> [UploadSchedule.Action] {
            let actions = schedule.handle(event, now: now)
            for case .wake(let time) in actions { wakeAt = time }
            return actions
        }

        /// - Parameter after: milliseconds from now.
        @discardableResult
        mutating func tick(after milliseconds: Int64) -> [Int64] {
            now += milliseconds
            return send(.tick)
        }

        mutating func dirty(
            _ id: Int64, _ generation: Int64 = 1, age: Int64 = 0, isOpen: Bool = false, isTemporary: Bool = false,
            bytes: UInt64 = 1, after: [Int64] = []
        ) -> [Int64] {
            send(
                .dirty(
                    UploadItem(
                        id: id, generation: generation, changed: now - age, isOpenForWriting: isOpen,
                        isTemporary: isTemporary, bytes: bytes, after: after)))
        }

        /// Milliseconds from now; nil while the far side is not down.
        var probeIn: Int64? { schedule.pending.probeAt.map { $0 - now } }

        mutating func fail(_ id: Int64, _ generation: Int64 = 1, isTransient: Bool = true) -> [Int64] {
            send(.failed(id, generation: generation, isTransient: isTransient, hint: "no"))
        }

        mutating func done(_ id: Int64, _ generation: Int64 = 1) -> [Int64] { send(.done(id, generation: generation)) }
        func phase(_ id: Int64) -> UploadState.Phase? { schedule.state(of: id)?.phase }
    }

    // MARK: Settling

    @Test("R1 a file that nobody has open for writing goes at once")
    func closedFile() {
        var desk = Desk()
        #expect(desk.dirty(1) == [1])
        #expect(desk.phase(1) == .uploading(generation: 1))
        #expect(desk.done(1) == [])
        #expect(desk.phase(1) == nil && desk.schedule.pending == UploadTotals() && desk.wakeAt == nil)
    }

    @Test("R1 an open file goes 10 s after its last change, or when the last writable open is gone")
    func settles() {
        var desk = Desk()
        #expect(desk.dirty(1, isOpen: true) == [])
        #expect(desk.wakeAt == desk.now + 10_000 && desk.phase(1) == .waiting(until: desk.now + 10_000))
        #expect(desk.tick(after: 9_999) == [])
        #expect(desk.dirty(1, 2, isOpen: true) == [])
        #expect(desk.tick(after: 1) == [] && desk.wakeAt == desk.now + 9_999)
        #expect(desk.tick(after: 9_999) == [1])
        #expect(desk.phase(1) == .uploading(generation: 2))
        #expect(desk.dirty(2, isOpen: true) == [])
        #expect(desk.send(.closed(2)) == [2])
    }

    @Test("R1 a temporary file goes after it has lain unchanged for 60 s, under its last name at once")
    func temporary() {
        var desk = Desk()
        #expect(desk.dirty(1, isTemporary: true) == [] && desk.dirty(2, isOpen: true, isTemporary: true) == [])
        #expect(desk.send(.closed(2)) == [] && desk.tick(after: 59_999) == [])
        #expect(desk.dirty(2, 2) == [2])
        #expect(desk.tick(after: 1) == [1])
    }

    @Test("A change that seems to come from the future settles from now")
    func future() {
        var desk = Desk()
        #expect(desk.dirty(1, age: -1_000_000, isOpen: true) == [] && desk.wakeAt == desk.now + 10_000)
    }

    @Test("A tick from a timer that was replaced is told again when the next is wanted")
    func earlyTick() {
        var desk = Desk()
        #expect(desk.dirty(1, isOpen: true) == [])
        let due = desk.now + 10_000
        desk.now += 5
        #expect(desk.actions(.tick) == [.wake(at: due)] && desk.actions(.tick) == [.wake(at: due)])
        #expect(desk.actions(.online) == [])
    }

    // MARK: One item an id

    @Test("A file that changes while it goes up goes once more, in its last state")
    func coalesces() {
        var desk = Desk()
        #expect(desk.dirty(1, 1) == [1] && desk.dirty(1, 2, bytes: 5) == [] && desk.dirty(1, 3, bytes: 7) == [])
        #expect(desk.schedule.pending.items == 1 && desk.schedule.pending.bytes == 7)
        #expect(desk.actions(.done(1, generation: 1)) == [.start(1, generation: 3)])
        // Late news, and answers to what nobody asked.
        #expect(desk.dirty(1, 2) == [] && desk.dirty(1, 3) == [] && desk.done(1, 1) == [] && desk.fail(1, 2) == [])
        #expect(desk.done(9) == [] && desk.phase(1) == .uploading(generation: 3))
        #expect(desk.done(1, 3) == [] && desk.schedule.pending == UploadTotals())
    }

    @Test("What is removed does not start; what is under way keeps its place until it has ended")
    func removed() {
        var desk = Desk()
        #expect(desk.dirty(1, isOpen: true) == [] && desk.send(.removed(1)) == [] && desk.tick(after: 10_000) == [])
        #expect(desk.dirty(2, bytes: 9) == [2] && desk.send(.removed(2)) == [])
        #expect(desk.phase(2) == nil && desk.schedule.pending.items == 0 && desk.schedule.pending.bytesInFlight == 9)
        #expect(desk.dirty(2, 2, bytes: 4) == [] && desk.schedule.pending.items == 1)
        #expect(desk.done(2, 1) == [2])
        #expect(desk.send(.removed(2)) == [] && desk.fail(2, 2) == [] && desk.tick(after: 1_000_000) == [])
        #expect(desk.schedule.pending == UploadTotals())
    }

    // MARK: How many

    @Test("R14 at most eight go at once, the oldest change first")
    func parallel() {
        var desk = Desk()
        for id in 1...8 { #expect(desk.dirty(Int64(id)) == [Int64(id)]) }
        #expect(desk.dirty(9, age: 5) == [] && desk.dirty(10, age: 7) == [] && desk.dirty(11, age: 6) == [])
        #expect(desk.phase(9) == .ready)
        #expect(desk.done(3) == [10] && desk.done(1) == [11] && desk.fail(2) == [9])
    }

    @Test("R14 the bytes in flight are bounded; what is longer than its half goes alone of its kind")
    func bytes() {
        var desk = Desk()
        let half: UInt64 = 64 << 20
        #expect(desk.dirty(1, bytes: half) == [1] && desk.dirty(2, age: 9, bytes: 3 * half) == [])
        #expect(desk.done(1) == [2] && desk.dirty(3, bytes: half / 2) == [] && desk.dirty(4, bytes: half / 2) == [])
        #expect(Set(desk.done(2)) == [3, 4] && desk.dirty(5, bytes: half / 2) == [] && desk.done(3) == [5])
        let short = half / 4
        for id in 11...14 { #expect(desk.dirty(Int64(id), bytes: short) == [Int64(id)]) }
        #expect(desk.dirty(15, bytes: 1) == [] && desk.done(12) == [15])
    }

    @Test("R14 long files keep short ones not waiting, nor these them")
    func kinds() {
        var desk = Desk()
        let long: UInt64 = 32 << 20
        #expect(desk.dirty(1, bytes: long) == [1] && desk.dirty(2, bytes: long) == [2])
        #expect(desk.dirty(3, age: 9, bytes: long) == [])
        for id in 11...16 { #expect(desk.dirty(Int64(id), bytes: 16) == [Int64(id)]) }
        // The oldest has the next place, once there is room for it.
        #expect(desk.dirty(17, bytes: 16) == [] && desk.done(11) == [17] && desk.dirty(18, bytes: 16) == [])
        #expect(desk.done(2) == [3] && desk.done(12) == [18])
    }

    // MARK: Order

    @Test("A file goes after its directory; who is not pending is no hindrance")
    func after() {
        var desk = Desk()
        #expect(desk.dirty(1) == [1] && desk.dirty(2, after: [1, 99, 1, 2]) == [])
        #expect(desk.phase(2) == .behind([1]))
        #expect(desk.fail(1) == [] && desk.phase(2) == .behind([1]))
        #expect(desk.tick(after: 500) == [1] && desk.done(1) == [2])
    }

    @Test("A directory that is told later than its file goes before it all the same")
    func afterLate() {
        var desk = Desk()
        #expect(desk.dirty(2, isOpen: true, after: [1]) == [])
        #expect(desk.dirty(1, isOpen: true) == [])
        #expect(desk.phase(2) == .behind([1]))
        #expect(desk.tick(after: 10_000) == [1] && desk.done(1) == [2])
        // But not one that changes while the file is under way.
        #expect(desk.dirty(1, 2) == [1] && desk.phase(2) == .uploading(generation: 1))
    }

    @Test("A directory that keeps changing does not keep its files back")
    func afterChanging() {
        var desk = Desk()
        #expect(desk.dirty(1, 1) == [1] && desk.dirty(2, after: [1]) == [] && desk.dirty(1, 2) == [])
        #expect(Set(desk.done(1, 1)) == [1, 2])
        // What was there when the file changed must have gone.
        #expect(desk.dirty(1, 3) == [] && desk.dirty(3, after: [1]) == [] && desk.done(1, 2) == [1])
        #expect(desk.done(1, 3) == [3])
    }

    @Test("Who goes after something that is removed waits only for what is under way")
    func afterRemoved() {
        var desk = Desk()
        #expect(desk.dirty(1, isOpen: true) == [] && desk.dirty(2, after: [1]) == [] && desk.send(.removed(1)) == [2])
        #expect(desk.dirty(3) == [3] && desk.dirty(3, 2) == [] && desk.dirty(-3, after: [3]) == [])
        #expect(desk.send(.removed(3)) == [] && desk.phase(-3) == .behind([3]))
        #expect(desk.done(3, 1) == [-3])
    }

    @Test("Files that change places go one after the other")
    func circle() {
        var desk = Desk()
        #expect(desk.dirty(1, isOpen: true, after: [2]) == [] && desk.dirty(2, isOpen: true, after: [1]) == [])
        #expect(desk.tick(after: 10_000) == [2] && desk.done(2) == [1])
    }

    @Test("A circle too long to be seen is opened once nothing else is left")
    func longCircle() {
        var desk = Desk()
        let count: Int64 = 3_000
        var started: [Int64] = []
        for id in 1...count { started += desk.dirty(id, age: id, isOpen: true, after: [id % count + 1]) }
        for id in 1...count { started += desk.send(.closed(id)) }
        var ended = 0
        while ended < started.count {
            started += desk.done(started[ended])
            ended += 1
        }
        #expect(Set(started).count == count && desk.schedule.pending == UploadTotals())
    }

    // MARK: Failures

    @Test("What fails waits twice as long each time, at most 30 s, and is never given up")
    func backoff() throws {
        var desk = Desk()
        #expect(desk.dirty(1) == [1])
        for tries in 1...20 {
            #expect(desk.fail(1) == [])
            let wait = try #require(desk.wakeAt) - desk.now
            let whole = min(Int64(500) << Int64(tries - 1), 30_000)
            #expect((whole / 2...whole).contains(wait))
            let state = try #require(desk.schedule.state(of: 1))
            #expect(state.tries == tries && state.lastError == "no" && !state.isRefused)
            #expect(state.phase == .waiting(until: desk.now + wait))
            // A change does not cut it.
            #expect(desk.dirty(1, 1) == [] && desk.tick(after: wait - 1) == [])
            #expect(desk.tick(after: 1) == [1])
        }
        #expect(desk.schedule.failingItems(limit: 5) == [1] && desk.schedule.pending.itemsFailing == 1)
        #expect(desk.dirty(1, 2) == [] && desk.done(1, 1) == [1])
        #expect(desk.schedule.state(of: 1)?.tries == 0 && desk.schedule.state(of: 1)?.lastError == nil)
    }

    @Test("What the far side refuses is tried again after five minutes, or once it changes")
    func refused() {
        var desk = Desk()
        #expect(desk.dirty(1) == [1] && desk.fail(1, isTransient: false) == [])
        #expect(desk.schedule.state(of: 1)?.isRefused == true && desk.wakeAt == desk.now + 300_000)
        #expect(desk.tick(after: 300_000) == [1] && desk.fail(1, isTransient: false) == [])
        #expect(desk.dirty(1, 2) == [1] && desk.dirty(1, 3) == [] && desk.fail(1, 2, isTransient: false) == [1])
        // What goes after it is not sent: it might be the deletion of what this was made of.
        #expect(desk.fail(1, 3, isTransient: false) == [] && desk.dirty(2, after: [1]) == [])
        #expect(desk.phase(2) == .behind([1]))
    }

    @Test("Four items that fail with no success between them mean that the far side is down: one probe at a time")
    func down() throws {
        var desk = Desk()
        for id in 1...20 { _ = desk.dirty(Int64(id)) }
        #expect(desk.fail(1) == [9] && desk.fail(2) == [10] && desk.done(3) == [11])
        #expect(desk.fail(4) == [12] && desk.fail(5) == [13] && desk.fail(6) == [14])
        let since = desk.now
        #expect(
            desk.actions(.failed(7, generation: 1, isTransient: true, hint: "no route"))
                .contains(.report(isDown: true, hint: "no route")))
        #expect(desk.schedule.pending.downSince == since)
        for id in 8...14 { #expect(desk.fail(Int64(id)) == []) }
        for _ in 0..<6 {
            // Whatever else wants to go.
            #expect(desk.dirty(30, desk.now) == [])
            let started = desk.tick(after: try #require(desk.wakeAt) - desk.now)
            #expect(started.count <= 1)
            if let probe = started.first { #expect(desk.fail(probe) == []) }
        }
        #expect(desk.send(.online).count == 1)
        let probe = try #require((Int64(1)...20).first { desk.phase($0) == .uploading(generation: 1) })
        let actions = desk.actions(.done(probe, generation: 1))
        #expect(actions.contains(.report(isDown: false, hint: nil)))
        #expect(desk.schedule.pending.downSince == nil)
        // What was waiting for its own time goes within two seconds.
        var ended: Set<Int64> = [3, probe]
        var running = Set((Int64(1)...30).filter { if case .uploading = desk.phase($0) { true } else { false } })
        for _ in 0..<20 {
            while let id = running.popFirst() {
                guard case .uploading(let generation)? = desk.phase(id) else { continue }
                running.formUnion(desk.done(id, generation))
                ended.insert(id)
            }
            running.formUnion(desk.tick(after: 100))
        }
        #expect(ended.count == 21 && desk.schedule.pending == UploadTotals())
    }

    @Test("The hint that the network is gone stops all but probes; what is refused says nothing of that")
    func offline() throws {
        var desk = Desk()
        for id in 1...6 { #expect(desk.dirty(Int64(id)) == [Int64(id)]) }
        for id in 1...6 { #expect(desk.fail(Int64(id), isTransient: false) == []) }
        #expect(desk.schedule.pending.downSince == nil)
        #expect(desk.send(.offline) == [] && desk.dirty(7) == [] && desk.dirty(8) == [])
        let probe = desk.tick(after: try #require(desk.wakeAt) - desk.now)
        #expect(probe == [7] && desk.fail(7, isTransient: false) == [])
        #expect(desk.tick(after: try #require(desk.wakeAt) - desk.now) == [8])
        #expect(desk.dirty(9) == [] && desk.done(8) == [9])
    }

    // MARK: Hurry

    @Test("fsync=remote sends a file and its directories at once, before all others")
    func hurry() {
        var limits = UploadLimits()
        limits.parallelMax = 1
        var desk = Desk(limits)
        #expect(desk.dirty(9) == [9] && desk.dirty(8, age: 100) == [])
        #expect(desk.dirty(1, isOpen: true) == [] && desk.dirty(2, isOpen: true, after: [1]) == [])
        #expect(desk.send(.hurry([2])) == [] && desk.done(9) == [1])
        // It is in a hurry until it has gone, however often it changes.
        #expect(desk.dirty(2, 2, isOpen: true, after: [1, 3]) == [] && desk.dirty(3, isOpen: true) == [])
        #expect(desk.done(1) == [3] && desk.done(3) == [2] && desk.dirty(2, 3, isOpen: true) == [])
        #expect(desk.done(2, 2) == [8] && desk.done(8) == [] && desk.tick(after: 9_999) == [])
        #expect(desk.tick(after: 1) == [2])
    }

    @Test("sync cuts all waits, and probes a far side that is down")
    func hurryAll() {
        var desk = Desk()
        for id in 1...4 { #expect(desk.dirty(Int64(id)) == [Int64(id)]) }
        #expect(desk.fail(1) == [] && desk.fail(2, isTransient: false) == [] && desk.dirty(5, isOpen: true) == [])
        #expect(Set(desk.send(.hurry(nil))) == [1, 2, 5])
        for id in [1, 3, 4, 5] { #expect(desk.fail(Int64(id)) == []) }
        #expect(desk.schedule.pending.downSince != nil && desk.done(2) == [] && desk.schedule.pending.downSince == nil)
        var other = Desk()
        #expect(other.send(.offline) == [] && other.dirty(1) == [] && other.send(.hurry(nil)) == [1])
    }

    @Test("After stop nothing starts, and what runs is awaited")
    func stop() {
        var desk = Desk()
        #expect(desk.dirty(1) == [1] && desk.send(.stop) == [] && desk.dirty(2) == [])
        #expect(!desk.schedule.isIdle && desk.done(1) == [] && desk.schedule.isIdle)
        #expect(desk.schedule.pending.items == 1)
    }

    @Test("A hundred thousand items go one after the other, and nothing of them is left")
    func many() {
        var desk = Desk()
        var started: [Int64] = []
        for id in 1...100_000 { started += desk.dirty(Int64(id), age: Int64(id), after: [Int64(id % 100)]) }
        var ended = 0
        while ended < started.count {
            started += desk.done(started[ended])
            ended += 1
        }
        #expect(started.count == 100_000 && desk.schedule.pending == UploadTotals() && desk.wakeAt == nil)
    }

    @Test("while the far side is down, what could go says when it is asked again")
    func probeIsTold() {
        var desk = Desk()
        _ = desk.dirty(1)
        #expect(desk.probeIn == nil)
        desk.send(.offline)
        _ = desk.dirty(2)
        #expect(desk.schedule.state(of: 2)?.phase == .ready)
        #expect((desk.probeIn ?? -1) >= 0)
        _ = desk.done(1)
        #expect(desk.probeIn == nil)
    }
}
