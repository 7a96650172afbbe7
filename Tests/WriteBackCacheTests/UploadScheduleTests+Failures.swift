import PersistTestKit
import Testing
import WriteBackCache

/// What fails, and what is in a hurry.
extension UploadScheduleTests {
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
