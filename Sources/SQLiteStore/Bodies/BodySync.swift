import Glibc
internal import Persist
import Synchronization

/// What of the files of STORE-bodies the disk has. Any thread, unless said otherwise.
final class BodySync: Sendable {
    private struct Count {
        var done = 0
        var synced = 0
        var isSynced: Bool { done == synced }
    }

    private struct State {
        /// How often each file was written, and what of that has been synced. These only grow: a sync that is late must not
        /// count for what came after it.
        var writes: [Int64: Count] = [:]
        /// The same of names that were made.
        var names = Count()
        /// The files that `unsynced` names.
        var noted: Set<Int64> = []
        var failure: StoreError?
    }
    private let state = Mutex(State())
    private let lock = Lock()

    /// Afterwards: a sync that runs meanwhile may have seen nothing of it.
    func wrote(_ file: Int64) { state.withLock { $0.writes[file, default: Count()].done += 1 } }
    func madeName() { state.withLock { $0.names.done += 1 } }

    /// Of an earlier process, which may have synced nothing.
    func takeUp(_ unsynced: Set<Int64>) {
        state.withLock { state in
            state.noted = unsynced
            for file in unsynced { state.writes[file] = Count(done: 1) }
            if !unsynced.isEmpty { state.names.done += 1 }
        }
    }

    /// Whether there is anything that a loss of power could take.
    var hasUnsynced: Bool {
        state.withLock { state in !state.names.isSynced || state.writes.values.contains { !$0.isSynced } }
    }

    // MARK: The table `unsynced`. With the writer's lock held

    func isNoted(_ file: Int64) -> Bool { state.withLock { $0.noted.contains(file) } }
    func note(_ file: Int64) { state.withLock { _ = $0.noted.insert(file) } }
    func unnote(_ files: [Int64]) { state.withLock { $0.noted.subtract(files) } }

    /// Whether it names any.
    var hasNotes: Bool { state.withLock { !$0.noted.isEmpty } }

    /// Those that it names for nothing: nothing has been written to them since they were synced.
    var notedForNothing: [Int64] {
        state.withLock { state in
            state.names.isSynced ? state.noted.filter { state.writes[$0]?.isSynced ?? true } : []
        }
    }

    // MARK: Syncing

    /// What has been written before the call survives a loss of power.
    ///
    /// - Parameters:
    ///   - only: of these files; nil: of all.
    ///   - sync: of one file, or none where that is not there; `.failed` is for what the disk failed at.
    ///   - syncNames: the same of the names.
    /// - Throws: `.io`, and from then on always: after a failed fsync nobody knows what is on the disk. An error before the disk
    ///   was asked is the one caller's.
    func sync(
        only: Set<Int64>?, _ sync: (Int64) throws(StoreError) -> Outcome, syncNames: () throws(StoreError) -> Outcome
    ) throws(StoreError) {
        func unsynced(_ state: State) -> [(key: Int64, value: Count)] {
            state.writes.filter { !$0.value.isSynced && only?.contains($0.key) ?? true }
        }
        // Whoever has nothing to wait for does not wait for others.
        guard state.withLock({ !$0.names.isSynced || $0.failure != nil || !unsynced($0).isEmpty }) else { return }
        lock.lock()
        defer { lock.unlock() }
        let (files, names, failure) = state.withLock { (unsynced($0), $0.names, $0.failure) }
        if let failure { throw failure }
        for (file, count) in files {
            try require(try sync(file))
            state.withLock { $0.writes[file]?.synced = count.done }
        }
        guard !names.isSynced else { return }
        try require(try syncNames())
        state.withLock { $0.names.synced = names.done }
    }

    enum Outcome {
        case synced
        case failed(StoreError)
    }

    private func require(_ outcome: Outcome) throws(StoreError) {
        guard case .failed(let error) = outcome else { return }
        let failure = StoreError(
            .io, code: error.code,
            hint: "the disk failed to write long content: what was synced before is safe, the rest may be lost")
        state.withLock { $0.failure = failure }
        throw failure
    }
}
