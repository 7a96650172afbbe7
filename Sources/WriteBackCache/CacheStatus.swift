public import Persist
import SQLiteStore

/// How far the far side is behind, for a person.
public struct CacheStatus: Sendable {
    /// One node that has not been sent.
    public struct Pending: Sendable {
        /// As shown; of one that was removed here, where it was.
        public var path: [UInt8]
        public var bytes: UInt64
        public var since: Timestamp
        public var isUploading: Bool
        /// The far side does not take it as it is: it is tried again rarely, or once it changes.
        public var isRefused: Bool
        /// Failures since the last success, and what the last one said.
        public var tries: Int
        public var lastError: String?
        /// Until it is tried again, or has settled; nil: as soon as there is room.
        public var nextMilliseconds: Int64?
    }

    public var pendingCount: Int
    public var pendingBytes: UInt64
    /// Of these with a failure since their last success, and on their way now.
    public var pendingFailing: Int
    public var pendingUploading: Int
    /// Content that the far side does not have, and how much that may be.
    public var dirtyBytes: UInt64
    public var dirtyBytesMax: UInt64
    /// Of the first change that has not been sent (`WriteBackCache.hurry`).
    public var firstGeneration: Int64?
    /// The first of them, by node.
    public var pending: [Pending]
    /// Since when the far side has not answered, and what it said last.
    public var offlineSince: Timestamp?
    public var offlineError: String?
    /// When the last complete look at what it has began; nil: there was none.
    public var lastLook: Timestamp?
    public var looks: LookCount
    /// What it has and is not shown, in words; nil: nothing.
    public var ignored: String?
    /// It puts only where nobody else has put since: an edit of others is never overwritten unseen (R10). Else that is
    /// looked for before each put: best effort.
    public var putsConditionally: Bool
    /// It lists keys without their values, and reads parts of values.
    public var listsKeys: Bool
    public var readsRanges: Bool
    /// From this size on values go in parts; nil: none do.
    public var partedBytesMin: UInt64?
    /// The longest value.
    public var valueBytesMax: UInt64
    /// What it was asked since the mount began.
    public var gets: Int
    public var puts: Int
    public var deletes: Int
    public var lists: Int
    public var failures: Int
}

extension WriteBackCache {
    /// - Parameter most: how many pending files are named.
    public func status(most: Int = 20) throws(StoreError) -> CacheStatus {
        var pending: [CacheStatus.Pending] = []
        for entry in try store.outbox(after: nil, limit: most) {
            let node = try? store.node(entry.node)
            let path = (try? store.path(of: entry.node)) ?? Array("(removed)".utf8)
            let upload = uploader.uploadState(of: entry.node)
            var isUploading = false
            if case .uploading? = upload?.state.phase { isUploading = true }
            pending.append(
                CacheStatus.Pending(
                    path: path, bytes: node?.size ?? 0, since: entry.since, isUploading: isUploading,
                    isRefused: upload?.state.isRefused ?? false,
                    tries: upload?.state.tries ?? 0, lastError: upload?.state.lastError,
                    nextMilliseconds: upload?.inMilliseconds))
        }
        let offline = far.offline
        let requests = far.requests
        let dirty = uploader.bound.figures
        let totals = uploader.totals
        return CacheStatus(
            pendingCount: try store.outboxCount(), pendingBytes: totals.bytes,
            pendingFailing: totals.itemsFailing, pendingUploading: totals.itemsInFlight, dirtyBytes: dirty.bytes,
            dirtyBytesMax: dirty.most,
            firstGeneration: try store.outboxGenerations()?.lowerBound, pending: pending,
            offlineSince: offline?.since, offlineError: offline?.error, lastLook: try store.lastSeen(),
            looks: refresher.count,
            ignored: ignored.found.words,
            putsConditionally: far.putsConditionally, listsKeys: far.listsKeys, readsRanges: far.readsRanges,
            partedBytesMin: far.parted?.partedBytesMin, valueBytesMax: store.limits.blobBytesMax,
            gets: requests.gets, puts: requests.puts, deletes: requests.deletes, lists: requests.lists,
            failures: requests.failures)
    }

    /// How many nodes have changes after this generation (`hurry`) that have not been sent, and what the first failure of
    /// any of them said.
    public func unsent(after generation: Int64) throws(StoreError) -> (count: Int, why: String?) {
        var (count, why, last) = (0, String?.none, NodeID?.none)
        while true {
            let piece = try store.outbox(after: last, limit: 1_000)
            guard let end = piece.last else { return (count, why) }
            for entry in piece where entry.generation > generation {
                count += 1
                why = why ?? uploader.uploadState(of: entry.node)?.state.lastError
            }
            last = end.node
        }
    }

    /// So many rounds of `drain`, of 50 ms, a far side may fail that has got nothing meanwhile: some fail now and then.
    private static let failingRoundsMax = 30

    /// Sends what is still to be sent, for as long as the far side takes it, and while `goesOn`, which is asked often.
    ///
    /// - Returns: how many changes are left: they wait in the outbox.
    public func drain(while goesOn: () -> Bool = { true }) async -> Int {
        var round = 0
        var (least, leastRound) = (Int.max, 0)
        while true {
            // What is refused is not asked for without end meanwhile.
            if round % 20 == 0 { uploader.hurry() } else { uploader.takeNews() }
            round += 1
            // Where nobody can tell, something may be left.
            let count = (try? store.outboxCount()) ?? 1
            if count == 0 { return 0 }
            let totals = uploader.totals
            guard goesOn() else { return count }
            if count < least { (least, leastRound) = (count, round) }
            // Nothing but what the far side does not take, not even at a second try.
            let isFailing =
                totals.downSince != nil || totals.itemsFailing > 0 && totals.itemsFailing >= totals.items
            if isFailing, round - leastRound > Self.failingRoundsMax { return count }
            try? await Task.sleep(for: .milliseconds(50))
        }
    }
}
