import Persist
import PersistTestKit
import Synchronization

/// A far side in memory that knows when it was given what.
final class RecordedFar: PersistAdapter {
    private let values = MemoryAdapter()
    private let changes = Mutex<[(event: Int, key: StoreKey, value: [UInt8]?)]>([])
    private let now: @Sendable () -> Int

    init(now: @escaping @Sendable () -> Int) { self.now = now }

    var count: Int { changes.withLock { $0.count } }

    func values(at event: Int) -> [StoreKey: [UInt8]] {
        var found: [StoreKey: [UInt8]] = [:]
        for change in changes.withLock({ $0 }) where change.event <= event { found[change.key] = change.value }
        return found
    }

    private func note(_ key: StoreKey, _ value: [UInt8]?) { changes.withLock { $0.append((now(), key, value)) } }

    func get(_ key: StoreKey) async throws -> [UInt8]? { await values.get(key) }

    func put(_ key: StoreKey, _ value: [UInt8]) async throws {
        await values.put(key, value)
        note(key, value)
    }

    func delete(_ key: StoreKey) async throws {
        await values.delete(key)
        note(key, nil)
    }

    func list(_ prefix: StoreKey) async throws -> any AsyncSequence<StoreEntry, any Error> & Sendable {
        await values.list(prefix)
    }
}
