import PersistTestKit
import Testing

@testable import WriteBackCache

/// A schedule with a far side that is slow, fails, loses answers and goes away, and what must hold whatever it does.
///
/// Time passes from one thing that happens to the next.
struct UploadSimulation {
    private enum Outcome { case done, lost, failed, refused }

    private struct Upload {
        let generation: Int64
        let bytes: UInt64
        let end: Int64
        let outcome: Outcome
    }

    /// What the far side is like now.
    enum Weather: CaseIterable { case well, failing, slow, losing, refusing }

    private var schedule: UploadSchedule
    private var random: Seeded
    private let limits: UploadLimits
    private var now: Int64 = 0
    private var wakeAt: Int64?
    private var running: [Int64: Upload] = [:]
    private var weather = Weather.well
    /// What is to get there, and what has.
    private var items: [Int64: UploadItem] = [:]
    private var far: [Int64: Int64] = [:]
    /// What must have gone before an item may start, and up to which generation.
    private var required: [Int64: [Int64: Int64]] = [:]
    /// What an item still goes after, pending or not: whatever has gone once holds it back no more.
    private var after: [Int64: Set<Int64>] = [:]
    private var nextGeneration: Int64 = 1
    private(set) var uploads = 0
    private(set) var problems: [String] = []

    init(_ random: Seeded) {
        self.random = random
        var limits = UploadLimits()
        limits.parallelMax = 1 + self.random.below(8)
        limits.bytesInFlightMax = 1_000
        self.limits = limits
        schedule = UploadSchedule(limits: limits, seed: self.random.next())
    }

    mutating func run(steps: Int) {
        for _ in 0..<steps where problems.isEmpty { step() }
        // In the end all is well, and everything must get there.
        weather = .well
        for id in items.keys.sorted() { send(.closed(id)) }
        var rounds = 0
        while !items.isEmpty && problems.isEmpty {
            rounds += 1
            guard rounds < 10_000, let next = nextTime() else {
                problems.append("\(items.count) items are forgotten at \(now): \(schedule.pending)")
                return
            }
            pass(to: next)
        }
        for id in running.keys.sorted() { end(id) }
        var left = schedule.pending
        // Nothing was sent that would show that it is back.
        (left.downSince, left.probeAt) = (nil, nil)
        if left != UploadTotals() { problems.append("something is left: \(left)") }
    }

    private mutating func step() {
        let id = Int64(1 + random.below(40))
        switch random.below(20) {
        case 0...7: change(id)
        case 8: send(.closed(id))
        case 9: remove(id)
        case 10: weather = Weather.allCases[random.below(Weather.allCases.count)]
        case 11: send(random.below(4) == 0 ? .hurry(nil) : .hurry([id, Int64(1 + random.below(40))]))
        case 12: send(random.below(2) == 0 ? .offline : .online)
        case 13: pass(to: now + Int64(random.below(400_000)))
        case 14: send(.tick)
        default: pass(to: now + Int64(random.below(2_000)))
        }
    }

    /// Items go only after smaller ones, so that there is no circle.
    private mutating func change(_ id: Int64) {
        let after = (0..<random.below(3)).map { _ in Int64(1 + random.below(Int(id))) }.filter { $0 < id }
        let item = UploadItem(
            id: id, generation: nextGeneration, changed: now - Int64(random.below(3)),
            isOpenForWriting: random.below(3) == 0, isTemporary: random.below(8) == 0,
            bytes: UInt64(random.below(random.below(20) == 0 ? 3_000 : 400)), after: after)
        nextGeneration += 1
        let isNew = items[id] == nil
        items[id] = item
        required[id] = [:]
        self.after[id] = Set(after)
        for other in after {
            if let pending = items[other] { required[id]?[other] = pending.generation }
            // Removed, and still under way.
            if items[other] == nil, let upload = running[other] { required[id]?[other] = upload.generation }
        }
        if isNew && running[id] == nil {
            for waiter in items.keys where self.after[waiter]?.contains(id) == true {
                required[waiter]?[id] = item.generation
            }
        }
        send(.dirty(item))
    }

    private mutating func remove(_ id: Int64) {
        items[id] = nil
        required[id] = nil
        after[id] = nil
        for waiter in required.keys {
            guard required[waiter]?[id] != nil else { continue }
            required[waiter]?[id] = running[id]?.generation
            if running[id] == nil { after[waiter]?.remove(id) }
        }
        send(.removed(id))
    }

    // MARK: Time

    private func nextTime() -> Int64? {
        (running.values.map(\.end) + (wakeAt.map { [$0] } ?? [])).min()
    }

    private mutating func pass(to target: Int64) {
        while let next = nextTime(), next <= target, problems.isEmpty {
            now = max(now, next)
            if let id = running.filter({ $0.value.end <= now }).keys.min() {
                end(id)
            } else {
                wakeAt = nil
                send(.tick)
            }
        }
        now = max(now, target)
    }

    private mutating func end(_ id: Int64) {
        guard let upload = running.removeValue(forKey: id) else { return }
        switch upload.outcome {
        case .done, .lost:
            if far[id] ?? 0 > upload.generation { problems.append("\(id) went back to \(upload.generation)") }
            far[id] = upload.generation
        case .failed, .refused: break
        }
        guard upload.outcome == .done else {
            // A removed item's upload holds nobody back once it has ended.
            if items[id] == nil { release(id, through: .max) }
            return send(
                .failed(
                    id, generation: upload.generation, isTransient: upload.outcome != .refused,
                    hint: "\(upload.outcome)"))
        }
        release(id, through: upload.generation)
        if items[id]?.generation == upload.generation {
            items[id] = nil
            required[id] = nil
            after[id] = nil
        }
        send(.done(id, generation: upload.generation))
    }

    private mutating func release(_ id: Int64, through generation: Int64) {
        for waiter in required.keys {
            guard let awaited = required[waiter]?[id], awaited <= generation else { continue }
            required[waiter]?[id] = nil
            after[waiter]?.remove(id)
        }
    }

    // MARK: What must hold

    private mutating func send(_ event: UploadSchedule.Event) {
        for action in schedule.handle(event, now: now) {
            switch action {
            case .start(let id, let generation): begin(id, generation)
            case .wake(let time):
                if time <= now { problems.append("wakes at \(time), which was before \(now)") }
                wakeAt = time
            case .report: break
            }
        }
        let totals = schedule.pending
        let bytes = items.values.reduce(0) { $0 + $1.bytes }
        if totals.items != items.count || totals.bytes != bytes || totals.itemsInFlight != running.count {
            problems.append("counts \(totals), not \(items.count) with \(bytes) bytes, \(running.count) under way")
        }
    }

    private mutating func begin(_ id: Int64, _ generation: Int64) {
        uploads += 1
        if running[id] != nil { problems.append("two uploads of \(id)") }
        guard let item = items[id], item.generation == generation else {
            problems.append("\(id) starts with \(generation), which nobody asked for")
            return
        }
        if let blockers = required[id], !blockers.isEmpty { problems.append("\(id) starts before \(blockers)") }
        after[id] = []
        let isFailing = schedule.pending.downSince != nil
        if isFailing && !running.isEmpty { problems.append("more than a probe: \(id)") }
        let (time, outcome): (Int, Outcome) =
            switch weather {
            case .well: (random.below(50), .done)
            case .failing: (random.below(50), random.below(10) == 0 ? .done : .failed)
            case .slow: (random.below(60_000), random.below(3) == 0 ? .failed : .done)
            case .losing: (random.below(500), random.below(2) == 0 ? .lost : .done)
            case .refusing: (random.below(50), random.below(2) == 0 ? .refused : .done)
            }
        running[id] = Upload(
            generation: generation, bytes: item.bytes, end: now + Int64(time), outcome: outcome)
        if running.count > limits.parallelMax { problems.append("\(running.count) at once") }
        for isLong in [false, true] {
            let alike = running.values.map(\.bytes).filter { limits.isLong($0) == isLong }
            let bytes = alike.reduce(0, +)
            if bytes > limits.bytesInFlightMax / 2 && alike.count > 1 { problems.append("\(bytes) bytes at once") }
        }
    }
}

@Suite("The upload schedule under random events")
struct UploadSimulationTests {
    @Test("Whatever the far side does, nothing is forgotten, doubled or out of order")
    func random() {
        var random = Seeded("UploadSimulation")
        var uploads = 0
        for _ in 0..<150 {
            var simulation = UploadSimulation(random)
            _ = random.next()
            simulation.run(steps: 400)
            uploads += simulation.uploads
            if let problem = simulation.problems.first {
                Issue.record("\(problem)")
                return
            }
        }
        #expect(uploads > 5_000)
    }
}
