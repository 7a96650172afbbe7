import Glibc
import Synchronization

/// The threads that serve the kernel: the regular ones, and those that stand in for threads that wait.
final class WorkerPool: Sendable {
    private struct State {
        var standIns = StandIns()
        var body: (@Sendable () -> Void)?
        /// Those that run, and those that have left and are still to be joined.
        var threads: [Int: NativeThread] = [:]
        var left: [NativeThread] = []
        var running = 0
        var nextNumber = 0
    }

    /// Between two attempts to wake threads at the end.
    private static let wakeUpMicroseconds: UInt32 = 5_000

    private static let wakingUp = Mutex(())

    let turns = ReadingTurns()
    private let regular: Int
    private let state = Monitor(State())
    private let ending = Atomic(false)
    /// Stand-ins beyond the need: asked after every request, hence without the lock.
    private let surplus = Atomic(0)

    init(regular: Int) { self.regular = regular }

    /// Whether threads are to leave after the request that they are at.
    var isEnding: Bool { ending.load(ordering: .acquiring) }

    /// All threads are to leave. Those that wait for a request do so when one comes.
    func end() {
        ending.store(true, ordering: .releasing)
        turns.share()
    }

    /// All threads leave now, those that wait for a request too; returns when they have.
    ///
    /// Not from one of them.
    func endNow() {
        end()
        // The handler is one for the process: two callers take turns.
        Self.wakingUp.withLock { _ in
            let before = WakeUp.install()
            // Again until they have left, since one may be just about to wait.
            while signalAll() > 0 { usleep(Self.wakeUpMicroseconds) }
            WakeUp.restore(before)
        }
    }

    /// Runs `body` on the regular threads, and waits until they and all stand-ins have left.
    ///
    /// - Returns: false where not one thread could be started.
    func run(_ body: @escaping @Sendable () -> Void) -> Bool {
        state.withLock { $0.body = body }
        for _ in 0..<regular { start() }
        let left = state.wait { state -> [NativeThread]? in
            guard state.running == 0 else { return nil }
            state.body = nil
            defer { state.left = [] }
            return state.left
        }
        for thread in left { thread.join() }
        return !left.isEmpty
    }

    /// - Returns: how many run still.
    private func signalAll() -> Int {
        state.withLock { state in
            for thread in state.threads.values { thread.send(WakeUp.signal) }
            return state.running
        }
    }

    func waitBegins() {
        turns.share()
        let isNeeded = state.withLock { state in
            defer { note(state.standIns) }
            return state.standIns.waitBegins()
        }
        guard isNeeded, !start() else { return }
        state.withLock { state in
            state.standIns.startFailed()
            note(state.standIns)
        }
    }

    func waitEnds() {
        state.withLock { state in
            state.standIns.waitEnds()
            note(state.standIns)
        }
    }

    /// After each request: whether this thread is one too many, and leaves.
    func retires() -> Bool {
        guard surplus.load(ordering: .relaxed) > 0 else { return false }
        return state.withLock { state in
            defer { note(state.standIns) }
            return state.standIns.retires()
        }
    }

    private func note(_ standIns: StandIns) {
        surplus.store(standIns.standIns - standIns.waiting, ordering: .relaxed)
    }

    @discardableResult
    private func start() -> Bool {
        // Counted before it runs, so that `run` does not see none. Its handle is put down under the lock, which the
        // thread needs to leave: it is there by then.
        let (before, isStarted) = state.change { state in
            let before = state.left
            guard let body = state.body, !isEnding else { return (before, false) }
            let number = state.nextNumber
            guard
                let thread = NativeThread.start(
                    "fuse-\(number)",
                    { [self] in
                        body()
                        leave(number)
                    })
            else { return (before, false) }
            state.left = []
            state.nextNumber += 1
            state.running += 1
            state.threads[number] = thread
            return (before, true)
        }
        if isStarted { for thread in before { thread.join() } }
        return isStarted
    }

    private func leave(_ number: Int) {
        state.change { state in
            state.running -= 1
            if let thread = state.threads.removeValue(forKey: number) { state.left.append(thread) }
        }
    }
}
