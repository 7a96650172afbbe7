import Persist
import Synchronization

/// Who waits until the far side has a node as it was at some moment (`fsync=remote`).
final class Arrivals: Sendable {
    private struct Waiting {
        let generation: Int64
        let first: First<StoreError?>
    }

    private struct State {
        var waiting: [NodeID: [Int: Waiting]] = [:]
        var last = 0
        var isEnding = false
    }

    private let state = Mutex(State())
    private static let ended = StoreError(.io, hint: "the mount ends: what was written waits for the next one")

    /// Waits until the far side has this generation of a node.
    ///
    /// - Parameter begin: is called once nothing can be missed any more.
    /// - Throws: `.timedOut` after so long; why the far side does not take it.
    func wait(
        for id: NodeID, _ generation: Int64, milliseconds: Int64, begin: () -> Void
    ) async throws(StoreError) {
        let first = First<StoreError?>()
        let number = state.withLock { state -> Int? in
            guard !state.isEnding else { return nil }
            state.last += 1
            state.waiting[id, default: [:]][state.last] = Waiting(generation: generation, first: first)
            return state.last
        }
        guard let number else { throw Self.ended }
        let clock = Task.detached {
            guard (try? await Task.sleep(for: .milliseconds(milliseconds))) != nil else { return }
            first.give(
                StoreError(.timedOut, hint: "the far side has not taken it yet; it is here, and goes on being sent"))
        }
        begin()
        let failure = await first.value
        clock.cancel()
        state.withLock { state in
            state.waiting[id]?[number] = nil
            if state.waiting[id]?.isEmpty == true { state.waiting[id] = nil }
        }
        if let failure { throw failure }
    }

    /// The far side has the node as it was then, or (`failure`) will not have it.
    func arrived(_ id: NodeID, through generation: Int64, failure: StoreError? = nil) {
        let all = state.withLock { state in
            state.waiting[id]?.values.filter { $0.generation <= generation } ?? []
        }
        for waiting in all { waiting.first.give(failure) }
    }

    func end() {
        let all = state.withLock { state in
            state.isEnding = true
            return state.waiting.values.flatMap(\.values)
        }
        for waiting in all { waiting.first.give(Self.ended) }
    }
}
