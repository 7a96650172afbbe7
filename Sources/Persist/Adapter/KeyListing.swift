/// Capability: a listing of keys without their values.
///
/// With it a look at what the far side has costs no more than its names, and a value is fetched when somebody reads it.
/// Without it the cache lists values, and keeps of them what it has room for.
public protocol KeyListing: PersistAdapter {
    /// Keys that begin with `prefix`, in the order of their bytes, with what a listing knows of their values.
    ///
    /// Where other programs make directories among the values, those too, anywhere in between, under the keys of their side
    /// data: `.persist/meta/<prefix>…/`.
    func listKeys(_ prefix: StoreKey) async throws -> any AsyncSequence<KeyEntry, any Error> & Sendable
}

/// One key of a listing.
public struct KeyEntry: Hashable, Sendable {
    public let key: StoreKey
    /// Bytes of the value, as `get` gives it.
    public let size: UInt64
    /// Of the value: where two listings give the same, it has not changed between them. Where the adapter can put on a
    /// condition, or read ranges, the same as there.
    public let revision: Revision
    /// When it was put, where the far side knows.
    public let modified: Timestamp?
    /// So short ago that another change may get the same time.
    public let isRecent: Bool

    public init(key: StoreKey, size: UInt64, revision: Revision, modified: Timestamp? = nil, isRecent: Bool = false) {
        self.key = key
        self.size = size
        self.revision = revision
        self.modified = modified
        self.isRecent = isRecent
    }
}

extension KeyEntry {
    /// `modified`, where no other change can have the same.
    package var settled: Timestamp? { isRecent ? nil : modified }
}
