public import Persist
internal import Glibc
internal import Synchronization

/// A local store in memory: the reference by which other stores are judged, and the store of tests that need none.
///
/// It keeps to the contract of `LocalStore` in the plainest way: each call takes one lock, works on a copy of
/// everything, and keeps the copy where nothing was thrown. Fit for some thousands of files.
public final class MemoryStore: LocalStore {
    public let limits: StoreLimits
    public let isReadOnly: Bool

    struct State: Sendable {
        var tree: MemoryTree
        var counts = CallCounts()
        var failures: [Call: [StoreError.Kind]] = [:]
        var observers: [WeakObserver] = []
        var bytesFree: UInt64 = 1 << 40
    }
    let state: Mutex<State>
    private let clock: @Sendable () -> Timestamp

    /// - Parameter clock: of what the calls themselves bring no time for (unlink, rename, others' changes).
    public convenience init(
        limits: StoreLimits = StoreLimits(), isReadOnly: Bool = false,
        clock: @escaping @Sendable () -> Timestamp = MemoryStore.systemClock
    ) {
        self.init(MemoryTree(limits: limits, now: clock()), isReadOnly: isReadOnly, clock: clock)
    }

    private init(_ tree: MemoryTree, isReadOnly: Bool, clock: @escaping @Sendable () -> Timestamp) {
        limits = tree.limits
        self.isReadOnly = isReadOnly
        self.clock = clock
        state = Mutex(State(tree: tree))
    }

    /// What the next process finds after this one was killed: another store, with what survived (R1, R2).
    ///
    /// This one goes on as if nothing had happened, and shares nothing with it.
    public func reopenedAfterCrash() throws(StoreError) -> MemoryStore {
        var tree = state.withLock { $0.tree }
        try tree.recover(now: clock())
        return MemoryStore(tree, isReadOnly: isReadOnly, clock: clock)
    }

    public static let systemClock: @Sendable () -> Timestamp = {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(seconds: Int64(time.tv_sec), nanoseconds: Int64(time.tv_nsec))
    }

    // MARK: Transactions

    func read<R: Sendable>(
        _ call: Call, _ body: (MemoryTree) throws(StoreError) -> R
    ) throws(StoreError) -> R {
        try state.withLock { state throws(StoreError) in
            try Self.enter(call, &state)
            return try body(state.tree)
        }
    }

    func write<R: Sendable>(
        _ call: Call, _ body: (inout MemoryTree, Timestamp) throws(StoreError) -> R
    ) throws(StoreError) -> R {
        let now = clock()
        return try state.withLock { state throws(StoreError) in
            try Self.enter(call, &state)
            guard !isReadOnly else { throw StoreError(.readOnly) }
            var tree = state.tree
            let result = try body(&tree, now)
            state.tree = tree
            return result
        }
    }

    private static func enter(_ call: Call, _ state: inout State) throws(StoreError) {
        state.counts[call] += 1
        guard let kind = state.failures[call]?.first else { return }
        state.failures[call]?.removeFirst()
        throw StoreError(kind, hint: "A failure that the test asked for.")
    }

    func now() -> Timestamp { clock() }
}
