import CFuse3
import Glibc
import Persist

/// Requests that wait for something that is not on this machine, so that no thread that serves the kernel does.
///
/// A request that finds something absent is put here, with how to run it again. What is absent is brought by a task;
/// then the request is run again by a thread of its own, since operations may wait for the disk, which tasks must not.
/// It is answered once, by whoever is first: that thread, its deadline, SIGKILL for who asked, the end of the session.
final class AbsentRequests: Sendable {
    /// How often one request may miss something: each time it is something else.
    static let roundsMax = 8

    /// One request.
    ///
    /// `@unchecked Sendable`: it is used by one thread at a time: with the lock as long as it is in the state, and by who takes
    /// it out of that. `again` and `fail` answer the request, which frees it: nothing of it is looked at after that.
    final class Waiting: @unchecked Sendable {
        let deadline: ContinuousClock.Instant
        let isOfTheDying: () -> Bool
        let again: () -> Void
        let fail: (StoreError) -> Void

        init(
            deadline: ContinuousClock.Instant, isOfTheDying: @escaping () -> Bool, again: @escaping () -> Void,
            fail: @escaping (StoreError) -> Void
        ) {
            self.deadline = deadline
            self.isOfTheDying = isOfTheDying
            self.again = again
            self.fail = fail
        }
    }

    private struct State {
        /// Those for which something is being brought.
        var absent: [Int: Waiting] = [:]
        /// Those that go on: nil where it was brought.
        var ready: [(Waiting, StoreError?)] = []
        var next = 0
        /// When it is seen next who has waited too long.
        var nextLook = ContinuousClock.now
        var isEnding = false
        var threads: [NativeThread] = []
    }

    private static let threadCount = 2
    private static let lookMilliseconds = 100
    private static let lookPause = Duration.milliseconds(lookMilliseconds / 2)

    private let state = Monitor(State())

    /// Brings what `waiting` misses, and goes on with it then. Returns at once.
    ///
    /// - Parameter worker: runs its body as a thread that answers requests does.
    func wait(
        _ waiting: Waiting, for absence: any Absence, as worker: @escaping @Sendable (() -> Void) -> Void
    ) {
        let number = state.withLock { state -> Int? in
            guard !state.isEnding else { return nil }
            if state.threads.isEmpty {
                for number in 0..<Self.threadCount {
                    guard let thread = NativeThread.start("fuse-absent-\(number)", { [self] in run(as: worker) }) else {
                        break
                    }
                    state.threads.append(thread)
                }
            }
            guard !state.threads.isEmpty else { return nil }
            state.next += 1
            state.absent[state.next] = waiting
            return state.next
        }
        guard let number else { return waiting.fail(Self.ended) }
        Task.detached { [self] in
            do throws(StoreError) {
                try await absence.bring()
                goOn(number, nil)
            } catch {
                goOn(number, error)
            }
        }
    }

    private func goOn(_ number: Int, _ error: StoreError?) {
        state.change { state in
            if let waiting = state.absent.removeValue(forKey: number) { state.ready.append((waiting, error)) }
        }
    }

    /// Answers all that wait, and joins the threads. While the session is still there.
    func end() {
        let (threads, left) = state.change { state in
            state.isEnding = true
            defer { (state.threads, state.absent, state.ready) = ([], [:], []) }
            return (state.threads, Array(state.absent.values) + state.ready.map(\.0))
        }
        for thread in threads { thread.join() }
        for waiting in left { waiting.fail(Self.ended) }
    }

    private static let ended = StoreError(.io, hint: "the mount ends")

    private func run(as worker: (() -> Void) -> Void) {
        worker {
            while true {
                var isEnding = false
                let next = state.wait(milliseconds: Self.lookMilliseconds) { state -> (Waiting, StoreError?)? in
                    isEnding = state.isEnding
                    return state.ready.isEmpty ? nil : state.ready.removeFirst()
                }
                if isEnding { return }
                if let (waiting, error) = next {
                    if let error { waiting.fail(error) } else { waiting.again() }
                }
                giveUp()
            }
        }
    }

    /// Those whose time is over, or whose caller is being killed.
    private func giveUp() {
        let left = state.withLock { state -> [(Waiting, StoreError)] in
            let now = ContinuousClock.now
            guard now >= state.nextLook else { return [] }
            state.nextLook = now + Self.lookPause
            var left: [(Waiting, StoreError)] = []
            // With the lock: whoever had one taken out meanwhile might have answered it.
            for (number, waiting) in state.absent {
                let isLate = now >= waiting.deadline
                guard isLate || waiting.isOfTheDying() else { continue }
                state.absent[number] = nil
                left.append((waiting, isLate ? Self.late : StoreError(.interrupted)))
            }
            return left
        }
        for (waiting, error) in left { waiting.fail(error) }
    }

    private static let late = StoreError(.timedOut, hint: "the far side has not answered in time")
}
