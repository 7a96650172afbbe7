public import Persist
import SQLiteStore

extension WriteBackCache: FarWaits {
    public func settling(of id: NodeID) throws(StoreError) -> (any Absence)? {
        guard let entry = try store.outboxEntry(of: id) else { return nil }
        return Settling(uploader: uploader, id: id, generation: entry.generation)
    }

    private struct Settling: Absence {
        let uploader: Uploader
        let id: NodeID
        let generation: Int64

        var waitMax: Duration? { .milliseconds(uploader.waitMilliseconds + 10_000) }
        func bring() async throws(StoreError) { try await uploader.settle(id, generation) }
    }

    public func requireRoom(_ bytes: UInt64, isMore: Bool, for id: NodeID, waits: Bool) throws(StoreError) {
        try uploader.bound.require(DirtyRoom.Request(id: id, bytes: bytes, isMore: isMore), waits: waits)
    }

    public func progress(of id: NodeID) throws(StoreError) -> FarProgress? {
        guard try store.isPending(id) else { return nil }
        let state = uploader.uploadState(of: id)?.state
        if case .uploading? = state?.phase { return .uploading }
        return .waiting(lastError: state?.lastError)
    }
}
