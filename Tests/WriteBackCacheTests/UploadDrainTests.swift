import PersistTestKit
import Testing
import WriteBackCache

/// A far side that answers now and then, and how long it takes until it has everything. No clock: time passes from one
/// thing that happens to the next.
struct UploadDrain {
    /// Of a hundred requests so many fail.
    let failing: Int
    /// How many an upload is: the first only looks, each other one changes something.
    let requests: Int
    private var schedule: UploadSchedule
    private var random: Seeded
    private var now: Int64 = 0
    private var wakeAt: Int64?
    private var running: [Int64: [(time: Int64, event: UploadSchedule.Event)]] = [:]
    private var left: Set<Int64> = []

    init(failing: Int, requests: Int, _ random: Seeded) {
        (self.failing, self.requests, self.random) = (failing, requests, random)
        schedule = UploadSchedule(seed: self.random.next())
    }

    /// - Returns: milliseconds; nil where it stands still for ever.
    mutating func run(items: Int) -> Int64? {
        for id in 1...Int64(items) {
            left.insert(id)
            send(.dirty(UploadItem(id: id, generation: 1, changed: 0)))
        }
        while !left.isEmpty {
            let next = running.min { ($0.value[0].time, $0.key) < ($1.value[0].time, $1.key) }
            if let (id, events) = next, events[0].time <= wakeAt ?? .max {
                now = events[0].time
                running[id] = events.count > 1 ? Array(events.dropFirst()) : nil
                if case .done = events[0].event { left.remove(id) }
                send(events[0].event)
            } else {
                guard let time = wakeAt else { return nil }
                (now, wakeAt) = (time, nil)
                send(.tick)
            }
        }
        return now
    }

    private mutating func send(_ event: UploadSchedule.Event) {
        for action in schedule.handle(event, now: now) {
            switch action {
            case .start(let id, let generation): running[id] = upload(id, generation)
            case .wake(let time): wakeAt = time
            case .report: break
            }
        }
    }

    private mutating func upload(_ id: Int64, _ generation: Int64) -> [(Int64, UploadSchedule.Event)] {
        var events: [(Int64, UploadSchedule.Event)] = []
        var time = now
        for request in 0..<requests {
            time += 2 + Int64(random.below(20))
            if random.below(100) < failing {
                return events + [(time, .failed(id, generation: generation, isTransient: true, hint: "unavailable"))]
            }
            if request > 0 { events.append((time, .advanced(id))) }
        }
        return events + [(time, .done(id, generation: generation))]
    }
}

@Suite("The upload schedule before a far side that fails often")
struct UploadDrainTests {
    @Test(
        "What fails often arrives all the same, in minutes, not in hours",
        arguments: [(10, 4, 200, 100), (35, 3, 10, 400), (35, 4, 200, 800), (35, 6, 200, 1_500), (50, 4, 200, 4_000)])
    func drains(failing: Int, requests: Int, items: Int, seconds: Int64) throws {
        var random = Seeded("UploadDrain")
        var times: [Int64] = []
        for _ in 0..<20 {
            var drain = UploadDrain(failing: failing, requests: requests, random)
            _ = random.next()
            let end = drain.run(items: items)
            times.append(try #require(end) / 1_000)
        }
        // The second worst of twenty.
        let time = times.sorted()[18]
        #expect(time < seconds, "\(failing) of 100 requests fail, \(requests) an upload: \(times) s")
    }

    @Test("A far side that does a part of what it is asked is not down, and what it has done a part of goes on soon")
    func advances() throws {
        var desk = UploadScheduleTests.Desk()
        for id in 1...20 { _ = desk.dirty(Int64(id)) }
        for id in 1...8 {
            #expect(desk.send(.advanced(Int64(id))) == [])
            #expect(desk.fail(Int64(id)).count == 1)
        }
        #expect(desk.schedule.pending.downSince == nil)
        for id in 9...20 { _ = desk.fail(Int64(id)) }
        #expect(desk.schedule.pending.downSince != nil)
        var started: [Int64] = []
        for _ in 0..<60 where started.isEmpty {
            let due = try #require(desk.wakeAt)
            started = desk.tick(after: due - desk.now)
        }
        let probe = try #require(started.first)
        #expect(desk.actions(.advanced(probe)).contains(.report(isDown: false, hint: nil)))
        #expect(desk.schedule.pending.downSince == nil)
        _ = desk.fail(probe)
        #expect(desk.schedule.state(of: probe)?.tries == 1)
    }
}
