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
}
