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

    /// A short file is fetched whole, as it would be by who reads it. Of a long one its beginning, but where a look has just
    /// told of it.
    public func requireKnown(_ id: NodeID) throws(StoreError) {
        guard let size = try store.unreadSize(of: id) else { return }
        let isLong = size >= Fetcher.rangedBytesMin
        if isLong, refresher.hasJustSeen { return }
        let range = 0..<(isLong ? Self.openedBytes : size)
        throw StoreError(absent: fetcher.absence(of: AbsentContent(node: id, range: range)))
    }

    private static let openedBytes: UInt64 = 256 << 10

    public func progress(of id: NodeID) throws(StoreError) -> FarProgress? {
        guard try store.isPending(id) else { return nil }
        let state = uploader.uploadState(of: id)?.state
        if case .uploading? = state?.phase { return .uploading }
        return .waiting(lastError: state?.lastError)
    }
}
