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
            guard let record = try store.farRecord(of: id), let bytes = record.key,
                let path = ShownPath(text: record.path[...])
            else { throw Self.gone(StoreKey(try store.path(of: id))) }
            let key = StoreKey(bytes)
            guard let value = try await far.get(key) else { throw Self.gone(key) }
            let isJSON = FarSum.isJSON(key)
            var meta = record.meta
            if FarSum(of: value, isJSON: isJSON).digest != record.sum || meta?.isEmpty == true {
                // Changed by others, who may have put side data of its own.
                meta = nil
                if let metaKey = record.metaKey { meta = try await far.get(StoreKey(metaKey)) }
            }
            let isValue = path.namespace != .blobs && !bytes.starts(with: FarKey.filesPrefix)
            let change = FarChange(
                path: path, value: value, key: key, metaKey: record.metaKey.map { StoreKey($0) } ?? key, meta: meta,
                isJSON: isJSON, isValue: isValue)
            if try store.bring(change, to: id) == .here { return }
        }
        throw StoreError(.timedOut, hint: "the file is changed by others all the time")
    }

    private static func gone(_ key: StoreKey) -> StoreError {
        StoreError(.io, key: key, hint: "its content was only on the far side, which has it no more")
    }
}
