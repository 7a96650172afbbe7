import Persist
import PersistTestKit
import Testing

@testable import ProcessAdapter

@Suite("What becomes of requests")
struct RequestMachineTests {
    /// A machine and a clock that goes only where it is told to.
    struct Bench {
        var machine: RequestMachine
        var now: RequestMachine.Instant = .now

        init(requestsMax: Int = 64) {
            var options = ProcessAdapterOptions()
            options.requestsMax = requestsMax
            machine = RequestMachine(options: options, seed: 1, now: now)
        }

        mutating func tell(_ event: RequestMachine.Event) -> [RequestMachine.Action] {
            machine.handle(event, now: now)
        }

        mutating func pass(_ duration: Duration) -> [RequestMachine.Action] {
            now += duration
            return tell(.time)
        }

        /// Asks in order from `first` on, which starts the child.
        mutating func run(_ kinds: RequestMachine.Kind..., first: UInt64 = 1) {
            for (index, kind) in kinds.enumerated() { _ = tell(.asked(first + UInt64(index), kind)) }
            if machine.child == .starting { _ = tell(.started) }
        }
    }

    @Test("the first request starts the child, and is sent when it runs")
    func starts() {
        var bench = Bench()
        #expect(bench.machine.nextInstant == nil)
        #expect(bench.tell(.asked(1, .reads)) == [.start])
        #expect(bench.tell(.asked(2, .reads)) == [])
        #expect(bench.tell(.started) == [.send(1), .send(2)])
        #expect(bench.tell(.asked(3, .lists)) == [.send(3)])
        #expect(bench.tell(.answered(2)) == [.deliver(2)])
        #expect(bench.tell(.item(3)) == [.deliver(3)])
        #expect(bench.tell(.answered(3)) == [.deliver(3)])
    }

    @Test("what is beyond the bound waits until something is answered")
    func isBounded() {
        var bench = Bench(requestsMax: 2)
        bench.run(.reads, .reads)
        #expect(bench.tell(.asked(3, .reads)) == [])
        #expect(bench.tell(.asked(4, .reads)) == [])
        #expect(bench.tell(.answered(2)) == [.deliver(2), .send(3)])
        #expect(bench.tell(.dropped(4)) == [])
        #expect(bench.tell(.answered(1)) == [.deliver(1)])
    }

    @Test("changes of one key are sent one after another, and overtaken by others")
    func keepsOrder() {
        var bench = Bench()
        bench.run(.changes("kv/a"))
        #expect(bench.tell(.asked(2, .changes("kv/a"))) == [])
        #expect(bench.tell(.asked(3, .changes("kv/b"))) == [.send(3)])
        #expect(bench.tell(.asked(4, .reads)) == [.send(4)])
        #expect(bench.tell(.answered(1)) == [.deliver(1), .send(2)])
    }

    @Test("a change that was given up still goes before the next of its key; one that never ends is the child's end")
    func waitsForAbandoned() {
        var bench = Bench()
        bench.run(.changes("kv/a"), .reads)
        #expect(bench.tell(.dropped(1)) == [])
        #expect(bench.tell(.asked(3, .changes("kv/a"))) == [])
        _ = bench.tell(.answered(2))
        _ = bench.pass(.seconds(20))
        bench.run(.reads, first: 4)
        _ = bench.tell(.answered(4))
        #expect(bench.pass(.seconds(11)) == [.closeInput, .signal(.terminate)])
        #expect(bench.tell(.ended(reason: "it ended")) == [.log("it has stopped answering"), .start])
        #expect(bench.tell(.started) == [.send(3)])

        bench = Bench()
        bench.run(.changes("kv/a"))
        _ = bench.tell(.dropped(1))
        _ = bench.tell(.asked(2, .changes("kv/a")))
        #expect(bench.tell(.answered(1)) == [.send(2)])
    }

    @Test("without requests no child is started")
    func isLazy() {
        var bench = Bench()
        bench.run(.reads)
        _ = bench.tell(.answered(1))
        #expect(bench.tell(.ended(reason: "it ended")) == [.log("it ended")])
        #expect(bench.machine.nextInstant == nil)
        #expect(bench.tell(.asked(2, .reads)) == [.start])
    }

    @Test("while the child cannot be started, requests fail in time and say why, those that wait for a place too")
    func failsInTime() {
        var bench = Bench(requestsMax: 1)
        _ = bench.tell(.asked(1, .reads))
        _ = bench.tell(.asked(2, .reads))
        _ = bench.tell(.notStarted(reason: "it cannot be started: No such file or directory"))
        _ = bench.tell(.notStarted(reason: "it cannot be started: No such file or directory"))
        let hint = "the adapter does not run: it cannot be started: No such file or directory"
        let actions = bench.pass(.seconds(30))
        #expect(actions.contains(.fail(1, .timedOut, hint: hint)))
        #expect(actions.contains(.fail(2, .timedOut, hint: hint)))
    }

    @Test("a request in time is one that is answered within its limit from when it was let in; waiting is no fault")
    func timesOut() {
        var bench = Bench(requestsMax: 1)
        bench.run(.reads, .reads)
        #expect(bench.pass(.seconds(29)) == [])
        #expect(bench.tell(.answered(1)) == [.deliver(1), .send(2)])
        #expect(bench.pass(.seconds(29)) == [])
        #expect(bench.machine.nextInstant == bench.now + .seconds(1))
    }

    @Test("a child that answers others goes on; what it says late or twice goes nowhere")
    func ignoresTheLate() {
        var bench = Bench()
        bench.run(.reads, .reads)
        _ = bench.pass(.seconds(10))
        _ = bench.tell(.answered(2))
        #expect(bench.pass(.seconds(20)) == [.fail(1, .timedOut, hint: "the adapter did not answer within 30 s")])
        #expect(bench.tell(.answered(1)) == [])
        let complaint = bench.tell(.answered(1))
        #expect(complaint.count == 1)
        guard case .log = complaint.first else {
            Issue.record("\(complaint)")
            return
        }
        #expect(bench.tell(.answered(2)) == [], "said once")
        #expect(bench.tell(.item(77)) == [])
    }

    @Test("for a list the limit is that between two items, and does not count while its consumer has no room")
    func timesItems() {
        var bench = Bench()
        bench.run(.lists)
        _ = bench.pass(.seconds(29))
        _ = bench.tell(.item(1))
        #expect(bench.pass(.seconds(29)) == [])
        _ = bench.tell(.item(1))
        _ = bench.tell(.full(1))
        #expect(bench.pass(.seconds(1_000)) == [])
        #expect(bench.machine.nextInstant == nil)
        _ = bench.tell(.room(1))
        #expect(bench.pass(.seconds(29)) == [])
        #expect(bench.pass(.seconds(1)).contains(.fail(1, .timedOut, hint: "the adapter did not answer within 30 s")))
    }

    @Test("output is left unread while all that is owed has no room, and read as soon as anybody waits")
    func stopsReading() {
        var bench = Bench()
        #expect(bench.machine.isReading)
        bench.run(.lists, .lists)
        _ = bench.tell(.full(1))
        #expect(bench.machine.isReading)
        _ = bench.tell(.full(2))
        #expect(!bench.machine.isReading)
        bench.run(.reads, first: 3)
        #expect(bench.machine.isReading)
        _ = bench.tell(.answered(3))
        #expect(!bench.machine.isReading)
        _ = bench.tell(.dropped(1))
        #expect(bench.machine.isReading, "what was given up is read and thrown away")
        #expect(bench.tell(.item(1)) == [])
        #expect(bench.tell(.answered(1)) == [])
        #expect(!bench.machine.isReading)
        let hint = "the listing was read so slowly that what it had yet to give took too much memory"
        #expect(bench.tell(.hopeless(2)) == [.fail(2, .timedOut, hint: hint)])
    }

    @Test(
        "whatever happens: one outcome a request, the bound kept, no two changes of a key at once", arguments: 1...200)
    func holdsAtRandom(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var bench = Bench(requestsMax: 4)
        var (asked, outcomes, dropped) = (UInt64(0), [UInt64: Int](), Set<UInt64>())
        var kinds: [UInt64: RequestMachine.Kind] = [:]
        /// What the child that runs now has been asked and has not answered.
        var owed: Set<UInt64> = []
        var isRunning = false
        func note(_ actions: [RequestMachine.Action], answering: Bool = false) {
            for action in actions {
                switch action {
                case .send(let id):
                    #expect(isRunning && !dropped.contains(id) && outcomes[id] == nil)
                    if case .changes = kinds[id] {
                        #expect(!owed.contains { kinds[$0] == kinds[id] }, "two changes of a key at once")
                    }
                    owed.insert(id)
                case .deliver(let id): if answering { outcomes[id, default: 0] += 1 }
                case .fail(let id, _, _): outcomes[id, default: 0] += 1
                case .start:
                    #expect(!isRunning)
                    if random.below(4) == 0 {
                        note(bench.tell(.notStarted(reason: "no")))
                    } else {
                        isRunning = true
                        note(bench.tell(.started))
                    }
                default: break
                }
            }
            #expect(bench.machine.flights.count <= 4)
        }
        func end() {
            isRunning = false
            owed = []
            note(bench.tell(.ended(reason: "it ended")))
        }
        for _ in 0..<300 {
            switch random.below(10) {
            case 0...3:
                asked += 1
                let kind: RequestMachine.Kind =
                    switch random.below(4) {
                    case 0: .reads
                    case 1: .lists
                    default: .changes(StoreKey([UInt8(random.below(3))]))
                    }
                kinds[asked] = kind
                note(bench.tell(.asked(asked, kind)))
            case 4, 5:
                guard isRunning, bench.machine.hears, let id = owed.sorted().randomElement(using: &random) else {
                    break
                }
                if kinds[id] == .lists, random.below(3) > 0 {
                    note(bench.tell(.item(id)))
                } else {
                    owed.remove(id)
                    note(bench.tell(.answered(id)), answering: true)
                }
            case 6:
                guard asked > 0 else { break }
                let id = UInt64(random.below(Int(asked))) + 1
                guard outcomes[id] == nil else { break }
                dropped.insert(id)
                note(bench.tell(.dropped(id)))
            case 7:
                guard isRunning else { break }
                if random.below(3) == 0 { note(bench.tell(.broke(reason: "nonsense"))) }
                end()
            case 8: note(bench.pass(.milliseconds(random.below(2_000))))
            default:
                if let next = bench.machine.nextInstant, next > bench.now { note(bench.pass(next - bench.now)) }
                if isRunning, case .ending = bench.machine.child { end() }
            }
        }
        note(bench.tell(.close))
        if isRunning { end() }
        for id in stride(from: 1, through: asked, by: 1) {
            let count = outcomes[id] ?? 0
            #expect(dropped.contains(id) ? count <= 1 : count == 1, "request \(id) of seed \(seed): \(count) outcomes")
        }
    }
}
