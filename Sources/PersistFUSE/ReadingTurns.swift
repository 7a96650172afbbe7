import CFuse3
import CLinux
import Glibc
import Synchronization

/// Whose turn it is to read requests: the shell of `SoleReader`.
final class ReadingTurns: Sendable {
    /// So many requests in turn, twice within `runNanoseconds`, and one thread reads alone.
    private static let runRequests = 32
    private static let runNanoseconds: Int64 = 20_000_000

    private static let lookMilliseconds = 1

    /// With one CPU to run on, the one who looks for requests only keeps from it those who would make some.
    private let canBeAlone: Bool
    private let state = Monitor(SoleReader())
    /// /dev/fuse; -1 before it is read.
    private let device = Atomic<Int32>(-1)
    /// 0: all threads read; -1: the one that reads alone is to be found; else its number.
    private let sole = Atomic(0)
    /// Of the one that reads alone: another number for each request, odd while it works on one.
    private let progress = Atomic(0)
    /// While all read: how many work on a request that somebody waits for.
    private let atWork = Atomic(0)
    /// While all read: requests that came when none was worked on, since the last that did not.
    private let inTurn = Atomic(0)
    private let lastRun = Atomic<Int64>(0)
    private let lastNumber = Atomic(0)

    /// - Parameter cpus: how many the threads may run on.
    init(cpus: Int = Int(clinux_cpus())) { canBeAlone = cpus > 1 }

    /// A thread begins to serve.
    ///
    /// - Returns: its number.
    func began(device: Int32) -> Int {
        self.device.store(device, ordering: .relaxed)
        state.withLock { $0.began() }
        return lastNumber.wrappingAdd(1, ordering: .relaxed).newValue
    }

    func ended(_ thread: Int) { change { $0.ended(thread) } }

    /// Reads a request when it is this thread's turn.
    ///
    /// - Parameter receive: reads; returns a count of bytes, or an errno as a negative number.
    /// - Returns: the same. After -EAGAIN, and -EINTR, the thread asks again, if it is still to serve.
    func read(as thread: Int, _ pace: inout Pace, _ receive: () -> Int32) -> Int32 {
        waitForTurn(thread)
        let received = receive()
        guard received == -EAGAIN else { return received }
        if !isSole(thread) {
            pace = Pace()
        } else if pace.foundNothing(now: Self.now()) {
            sched_yield()
        } else {
            var wanted = pollfd(fd: device.load(ordering: .relaxed), events: Int16(POLLIN), revents: 0)
            poll(&wanted, 1, -1)
        }
        return received
    }

    private func waitForTurn(_ thread: Int) {
        let sole = sole.load(ordering: .acquiring)
        guard sole != 0, sole != thread, !change({ $0.comes(thread) }) else { return }
        waitToBeFirst(thread)
        while state.wait(milliseconds: Self.lookMilliseconds, { $0.leaves(thread) ? true : nil }) == nil {
            let progress = progress.load(ordering: .relaxed)
            if state.withLock({ $0.looks(thread, progress: progress) }) { break }
        }
        // Another one is the first now.
        change { _ in }
    }

    /// Returns when the thread is the first of the parked, or not parked any more.
    private func waitToBeFirst(_ thread: Int) {
        state.wait { state -> Void? in
            _ = state.leaves(thread)
            return state.parked.contains(thread) && state.parked.first != thread ? nil : ()
        }
    }

    /// Whether one thread reads alone.
    var isAlone: Bool { sole.load(ordering: .acquiring) > 0 }

    private func isSole(_ thread: Int) -> Bool { sole.load(ordering: .relaxed) == thread }

    /// A thread has read a request.
    ///
    /// - Returns: whether `finished` is to be told that it was counted.
    func received(_ request: RequestHead, by thread: Int, _ pace: inout Pace) -> Bool {
        if isSole(thread) {
            progress.store((progress.load(ordering: .relaxed) | 1) &+ 2, ordering: .relaxed)
            if pace.received(request, now: Self.now) {
                pace = Pace()
                share()
            } else if request.isLong {
                handOver()
            }
            return false
        }
        guard canBeAlone, request.isAwaited else { return false }
        if atWork.wrappingAdd(1, ordering: .relaxed).oldValue == 0 {
            inTurn.wrappingAdd(1, ordering: .relaxed)
        } else {
            inTurn.store(0, ordering: .relaxed)
        }
        return true
    }

    /// A thread has answered its request.
    func finished(by thread: Int, isCounted: Bool) {
        if isCounted { atWork.wrappingSubtract(1, ordering: .relaxed) }
        if isSole(thread) {
            progress.store(progress.load(ordering: .relaxed) & ~1, ordering: .relaxed)
        } else if isCounted, inTurn.load(ordering: .relaxed) >= Self.runRequests {
            runEnded()
        }
    }

    private func runEnded() {
        inTurn.store(0, ordering: .relaxed)
        let now = Self.now()
        let before = lastRun.exchange(now, ordering: .relaxed)
        if now - before < Self.runNanoseconds { change { $0.beAlone() } }
    }

    /// All threads are to read.
    func share() {
        if sole.load(ordering: .relaxed) != 0 { change { $0.share() } }
    }

    private func handOver() {
        state.changeForOne { state in
            state.handOver()
            tell(state)
        }
    }

    private func change<R>(_ body: (inout SoleReader) -> R) -> R {
        state.change { state in
            defer { tell(state) }
            return body(&state)
        }
    }

    /// With the lock. A thread that reads alone does not sleep in read(2); before others read, it is as it was.
    private func tell(_ state: SoleReader) {
        let number = state.isAlone ? state.reader ?? -1 : 0
        guard sole.load(ordering: .relaxed) != number else { return }
        if number >= 0 {
            let device = device.load(ordering: .relaxed)
            let flags = fcntl(device, F_GETFL)
            _ = fcntl(device, F_SETFL, number > 0 ? flags | O_NONBLOCK : flags & ~O_NONBLOCK)
        }
        // A new reader has read nothing yet, whatever the one before it is at.
        if number > 0 { progress.store(progress.load(ordering: .relaxed) & ~1, ordering: .relaxed) }
        sole.store(number, ordering: .releasing)
    }

    private static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
