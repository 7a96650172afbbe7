/// Capability: a put that takes effect only where nobody else has put since (compare-and-set).
///
/// With it no edit of another machine is ever overwritten unseen (R10), and a value needs no `get` before it is
/// replaced. Without it the cache gets, compares and puts, and somebody may come in between.
///
/// On HTTP: the revision is the ETag, `replacing` is If-Match, `replacing: nil` is If-None-Match: *, and 412 (or 404
/// on If-Match) is `RevisionConflict`.
public protocol ConditionalPutting: PersistAdapter {
    /// The value with its revision, both of one moment; nil where there is none.
    func getRevised(_ key: StoreKey) async throws -> RevisedValue?

    /// Creates or replaces, where the value there still has this revision; else nothing is changed.
    ///
    /// The comparison and the put are one step for everybody who uses the far side, whatever program they use. An
    /// answer that is lost costs nothing: the cache asks again, meets its own value as a conflict, and knows it by what
    /// it holds. So a request that is sent twice may have `RevisionConflict` for an answer, though it was done.
    ///
    /// - Parameter revision: nil: where there is no value.
    /// - Returns: the revision of the new value, as `getRevised` gives it.
    /// - Throws: `RevisionConflict` where there is another one, none, or (for nil) any; as `getRevised`,
    ///   `StoreError(.unsupported)` where the far side turns out not to know conditions: nothing has changed then, and the
    ///   cache goes on without them.
    func put(_ key: StoreKey, _ value: [UInt8], replacing revision: Revision?) async throws -> Revision
}

/// Tells a value on the far side from all others that have been under its key: an ETag, a version number.
///
/// Nobody but the adapter looks inside. Equal bytes put again may have the same revision or another. Kept over restarts.
public struct Revision: Hashable, Sendable {
    public let bytes: [UInt8]

    public init(_ bytes: [UInt8]) { self.bytes = bytes }
}

/// A value and the revision that it has.
public struct RevisedValue: Hashable, Sendable {
    public let value: [UInt8]
    public let revision: Revision

    public init(_ value: [UInt8], _ revision: Revision) {
        self.value = value
        self.revision = revision
    }
}

/// What is there is not what the put was to replace.
public struct RevisionConflict: Error, Hashable, Sendable {
    public init() {}
}
