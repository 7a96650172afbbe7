import Glibc
import Synchronization
import Testing

@testable import PersistFUSE

@Suite("Threads that serve the kernel")
struct ThreadTests {
    @Test("Each thread that waits gets one stand-in, which goes when the wait is over")
    func standIns() {
        var machine = StandIns()
        let answers = [machine.retires(), machine.waitBegins(), machine.waitBegins(), machine.retires()]
        #expect(answers == [false, true, true, false])
        #expect(machine.standIns == 2)
        machine.waitEnds()
        // The stand-in that has not gone yet is enough for the next wait.
        let isAnotherNeeded = machine.waitBegins()
        #expect(!isAnotherNeeded)
        machine.waitEnds()
        machine.waitEnds()
        let gone = [machine.retires(), machine.retires(), machine.retires()]
        #expect(gone == [true, true, false])
        #expect(machine.standIns == 0 && machine.waiting == 0)
    }

    @Test("R14 there are at most 16 stand-ins, however many threads wait")
    func bounded() {
        var machine = StandIns()
        let started = (0..<100).count { _ in machine.waitBegins() }
        #expect(started == StandIns.standInsMax)
        for _ in 0..<100 { machine.waitEnds() }
        var gone = 0
        while machine.retires() { gone += 1 }
        #expect(gone == StandIns.standInsMax)
    }

    @Test("A stand-in that could not be started is asked for again by the next wait")
    func failedStart() {
        var machine = StandIns()
        let first = machine.waitBegins()
        machine.startFailed()
        let second = machine.waitBegins()
        #expect(first && second)
        machine.waitEnds()
        machine.waitEnds()
        let gone = [machine.retires(), machine.retires()]
        #expect(gone == [true, false])
    }

    @Test("While both regular threads wait a third one runs, and in the end all are joined")
    func pool() {
        let pool = WorkerPool(regular: 2)
        let hasThird = Monitor(false)
        let entered = Atomic(0)
        let isServed = pool.run {
            if entered.add(1, ordering: .relaxed).newValue > 2 {
                hasThird.change { $0 = true }
            } else {
                pool.waitBegins()
                _ = hasThird.wait { $0 ? true : nil }
                pool.waitEnds()
            }
        }
        #expect(isServed)
        #expect(entered.load(ordering: .relaxed) >= 3)
    }

    @Test("Threads that are stuck in a system call leave when the pool is ended now")
    func endNow() throws {
        var pipe: [Int32] = [0, 0]
        try #require(Glibc.pipe(&pipe) == 0)
        defer { for fd in pipe { close(fd) } }
        let fd = pipe[0]
        let pool = WorkerPool(regular: 3)
        let reading = Monitor(0)
        let ender = try #require(
            NativeThread.start("ender") {
                _ = reading.wait { $0 == 3 ? true : nil }
                pool.endNow()
            })
        _ = pool.run {
            WakeUp.admit()
            reading.change { $0 += 1 }
            var byte: UInt8 = 0
            while !pool.isEnding { _ = read(fd, &byte, 1) }
        }
        ender.join()
        #expect(pool.isEnding)
    }
}
