import Persist
import PersistTestKit
import Synchronization

/// A far side in memory that asks the test before it does anything: the test makes requests wait, or fail.
final class HookedFar: PersistAdapter {
    enum Method: Sendable { case get, put, delete, list }

    let values: MemoryAdapter
    private let hook = Mutex<@Sendable (Method, StoreKey) async throws -> Void>({ _, _ in })

    init(_ values: MemoryAdapter = MemoryAdapter()) { self.values = values }

    func before(_ hook: @escaping @Sendable (Method, StoreKey) async throws -> Void) {
        self.hook.withLock { $0 = hook }
    }

    func get(_ key: StoreKey) async throws -> [UInt8]? {
        try await hook.withLock { $0 }(.get, key)
        return await values.get(key)
    }

    func put(_ key: StoreKey, _ value: [UInt8]) async throws {
        try await hook.withLock { $0 }(.put, key)
        await values.put(key, value)
    }

    func delete(_ key: StoreKey) async throws {
        try await hook.withLock { $0 }(.delete, key)
        await values.delete(key)
    }

    func list(_ prefix: StoreKey) async throws -> any AsyncSequence<StoreEntry, any Error> & Sendable {
        try await hook.withLock { $0 }(.list, prefix)
        return await values.list(prefix)
    }
}

/// Closed until it is opened; then open for good.
final class Gate: Sendable {
    private enum State {
        case closed([CheckedContinuation<Void, Never>])
        case open
    }
    private let state = Mutex(State.closed([]))
    private let comers = Atomic(0)

    /// How many have come to it.
    var count: Int { comers.load(ordering: .acquiring) }

    /// - Returns: whether this is one of the first so many to come.
    func takesOne(of most: Int) -> Bool { comers.add(1, ordering: .acquiringAndReleasing).newValue <= most }

    func pass() async {
        comers.add(1, ordering: .acquiringAndReleasing)
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                guard case .closed(let waiting) = state else { return true }
                state = .closed(waiting + [continuation])
                return false
            }
            if isOpen { continuation.resume() }
        }
    }

    func open() {
        let waiting = state.withLock { state in
            guard case .closed(let waiting) = state else { return [CheckedContinuation<Void, Never>]() }
            state = .open
            return waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}
