import Persist
import PersistTestKit
import Testing

@testable import ProcessAdapter

/// How a child ends, and what becomes of its requests then.
extension RequestMachineTests {
    @Test("a child that ends is started at once, and asked all again but for listings that have begun")
    func retries() {
        var bench = Bench()
        bench.run(.reads, .changes("kv/a"), .lists, .lists)
        _ = bench.tell(.item(4))
        #expect(
            bench.tell(.ended(reason: "it ended with exit status 3")) == [
                .log("it ended with exit status 3"),
                .fail(4, .timedOut, hint: "it ended with exit status 3, in the middle of a listing"), .start,
            ])
        #expect(bench.tell(.started) == [.send(1), .send(2), .send(3)])
        #expect(bench.tell(.asked(5, .changes("kv/a"))) == [])
        #expect(bench.tell(.answered(2)) == [.deliver(2), .send(5)])
    }

    @Test("pauses between starts: none, then 0.1 s, doubling to 10 s, until something is answered")
    func backsOff() throws {
        var bench = Bench()
        #expect(bench.tell(.asked(1, .reads)) == [.start])
        var pauses: [Duration] = []
        for round in 0..<12 {
            var actions = bench.tell(.notStarted(reason: "it cannot be started"))
            let failed = bench.now
            while !actions.contains(.start) {
                // Requests give up meanwhile: others come.
                bench.now = try #require(bench.machine.nextInstant)
                actions =
                    bench.tell(.time) + bench.tell(.asked(UInt64(100 * round + bench.machine.flights.count), .reads))
            }
            pauses.append(bench.now - failed)
        }
        #expect(pauses[0] == .zero)
        for (index, pause) in pauses.dropFirst().enumerated() {
            let whole = min(Duration.milliseconds(100 << index), .seconds(10))
            #expect(pause > whole / 2 && pause <= whole, "pause \(index + 1): \(pause)")
        }
        _ = bench.tell(.started)
        let id = try #require(bench.machine.flights.keys.first)
        #expect(bench.tell(.answered(id)).contains(.deliver(id)))
        bench.run(.reads, first: 5_000)
        #expect(bench.tell(.ended(reason: "it ended")).contains(.start), "at once, as the first time")
    }

    @Test("a child that says nothing is ended by SIGTERM, then by SIGKILL, and another gets what is still wanted")
    func endsTheDeaf() {
        var bench = Bench()
        bench.run(.reads)
        _ = bench.pass(.seconds(10))
        bench.run(.reads, first: 2)
        #expect(
            bench.pass(.seconds(20)) == [
                .fail(1, .timedOut, hint: "the adapter did not answer within 30 s"), .closeInput, .signal(.terminate),
            ])
        #expect(!bench.machine.hears)
        #expect(bench.pass(.seconds(1)) == [.signal(.kill)])
        #expect(bench.pass(.seconds(1)) == [])
        #expect(
            bench.tell(.ended(reason: "it was ended by signal 9")) == [.log("it has stopped answering"), .start])
        #expect(bench.tell(.started) == [.send(2)])
    }

    @Test("what is no answer is the child's end")
    func endsTheBroken() {
        var bench = Bench()
        bench.run(.reads)
        #expect(bench.tell(.broke(reason: "it wrote nonsense")) == [.closeInput, .signal(.terminate)])
        #expect(!bench.machine.hears)
        #expect(bench.tell(.broke(reason: "it wrote more")) == [])
        #expect(bench.tell(.ended(reason: "it ended")) == [.log("it wrote nonsense"), .start])
        #expect(bench.tell(.started) == [.send(1)])
        #expect(bench.machine.hears)
    }

    @Test("where nobody wants to wait, requests fail once some children have ended in vain; an answer begins anew")
    func failsAfterStartsInVain() {
        var options = ProcessAdapterOptions()
        options.requestsMax = 1
        options.startsInVainMax = 2
        var bench = Bench()
        bench.machine = RequestMachine(options: options, seed: 1, now: bench.now)
        func failed(_ actions: [RequestMachine.Action]) -> [UInt64] {
            actions.compactMap { action in
                if case .fail(let id, .timedOut, let hint) = action, hint.contains("it ended") { id } else { nil }
            }
        }
        bench.run(.reads, .changes("kv/a"))
        #expect(failed(bench.tell(.ended(reason: "it ended"))) == [])
        #expect(bench.machine.lastingTrouble == nil)
        #expect(bench.machine.child == .starting)
        _ = bench.tell(.started)
        #expect(failed(bench.tell(.ended(reason: "it ended"))) == [1, 2])
        #expect(bench.machine.lastingTrouble == "it ended")
        _ = bench.tell(.asked(3, .changes("kv/a")))
        _ = bench.pass(.seconds(1))
        #expect(bench.tell(.started) == [.send(3)])
        #expect(bench.tell(.answered(3)) == [.deliver(3)])
        #expect(bench.machine.lastingTrouble == nil)
    }

    @Test("a child that hangs up has a second to end; how it ended is what is said")
    func endsWhatHungUp() {
        var bench = Bench()
        bench.run(.reads)
        #expect(bench.tell(.hungUp) == [.closeInput])
        #expect(bench.tell(.hungUp) == [])
        #expect(bench.pass(.seconds(1)) == [.signal(.terminate)])
        #expect(bench.tell(.ended(reason: "it ended")) == [.log("it ended"), .start])
    }

    @Test("closing: the input, a wait, SIGTERM, SIGKILL; answers count until the end, what is open then is refused")
    func closes() {
        let hint = "the adapter is being closed"
        var bench = Bench(requestsMax: 2)
        bench.run(.reads, .reads, .reads)
        #expect(bench.tell(.close) == [.fail(3, .interrupted, hint: hint), .closeInput])
        #expect(bench.tell(.close) == [])
        #expect(bench.tell(.asked(4, .reads)) == [.fail(4, .interrupted, hint: hint)])
        #expect(bench.tell(.answered(1)) == [.deliver(1)])
        #expect(bench.machine.hears)
        #expect(bench.pass(.seconds(5)) == [.signal(.terminate)])
        #expect(bench.pass(.seconds(1)) == [.signal(.kill)])
        #expect(bench.tell(.ended(reason: "it ended")) == [.fail(2, .interrupted, hint: hint), .stop])

        bench = Bench()
        #expect(bench.tell(.close) == [.stop], "a child that never ran")
        bench = Bench()
        bench.run(.reads)
        _ = bench.tell(.ended(reason: "it ended"))
        _ = bench.tell(.notStarted(reason: "it cannot be started"))
        #expect(bench.tell(.close) == [.fail(1, .interrupted, hint: hint), .stop])
    }
}
