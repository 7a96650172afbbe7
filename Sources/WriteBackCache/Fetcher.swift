import Persist
import SQLiteStore
import Synchronization

/// Brings content that is not on this machine: each file once, for all who wait for it.
final class Fetcher: Sendable {
    private let store: SQLiteStore
    private let far: FarSide
    private let state = Mutex<[NodeID: Task<StoreError?, Never>]>([:])
    /// A file may be changed by others just then, each time.
    private static let roundsMax = 4

    init(store: SQLiteStore, far: FarSide) {
        self.store = store
        self.far = far
    }

    func absence(of content: AbsentContent) -> any Absence { Fetch(fetcher: self, content: content) }

    private struct Fetch: Absence {
        let fetcher: Fetcher
        let content: AbsentContent
        func bring() async throws(StoreError) { try await fetcher.bring(content.node) }
    }

    /// - Throws: `.timedOut` where the far side does not answer; `.io` where it has the content no more.
    func bring(_ id: NodeID) async throws(StoreError) {
        let task = state.withLock { state in
            if let task = state[id] { return task }
            let task = Task.detached { [self] () -> StoreError? in
                defer { self.state.withLock { $0[id] = nil } }
                do throws(StoreError) { try await fetch(id) } catch { return error }
                return nil
            }
            state[id] = task
            return task
        }
        if let error = await task.value { throw error }
    }

    private func fetch(_ id: NodeID) async throws(StoreError) {
        store.markUsed(id)
        for _ in 0..<Self.roundsMax {
            guard let away = try store.away(id) else { return }
            let key = StoreKey(away.key)
            guard let path = ShownPath(text: away.path[...]), let value = try await far.get(key) else {
                throw Self.gone(key)
            }
            let change = try await change(at: path, key, value, away)
            if try store.bring(change, to: id) == .here { return }
        }
        throw StoreError(.timedOut, hint: "the file is changed by others all the time")
    }

    private func change(
        at path: ShownPath, _ key: StoreKey, _ value: [UInt8], _ away: AwayContent
    ) async throws(StoreError) -> FarChange {
        let isJSON = FarSum.isJSON(key)
        let record = try store.farRecord(at: away.path)
        let metaKey = FarKey.meta(path, isDirectory: false).storeKey
        var meta = record?.meta
        if record?.key != key.bytes || meta?.isEmpty == true || FarSum(of: value, isJSON: isJSON).digest != away.sum {
            // Of the value that is there now, which may not be the one that went.
            meta = try await far.get(metaKey)
        }
        let isValue = path.namespace != .blobs && !key.bytes.starts(with: FarKey.filesPrefix)
        return FarChange(
            path: path, value: value, key: key, metaKey: metaKey, meta: meta, isJSON: isJSON, isValue: isValue)
    }

    /// Before something else is put under a key, or it is deleted: what only it has is brought.
    ///
    /// - Parameter id: whose key it is.
    func secure(_ key: StoreKey, of id: NodeID) async throws(StoreError) {
        for other in try store.awayNodes(at: key.bytes) where other != id {
            do throws(StoreError) { try await bring(other) } catch {
                // The far side has it no more, or it has been removed here.
                guard error.kind == .io || error.kind == .stale else { throw error }
            }
        }
    }

    private static func gone(_ key: StoreKey) -> StoreError {
        StoreError(.io, key: key, hint: "its content was only on the far side, which has it no more")
    }
}
