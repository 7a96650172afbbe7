/// Capability: a value's attributes lie with it and go with it in one put, as the user metadata of an object does.
///
/// With it a new file is one put. Without it the cache puts them under a key of their own, `.persist/meta/<path>`.
public protocol AttributedPutting: ConditionalPutting, KeyListing {
    /// Whether these are few enough to lie with a value. Where not, the cache puts them under a key of their own, and what
    /// lies with the value says so (`ValueAttributes.hasMore`).
    func canCarry(_ attributes: ValueAttributes) -> Bool

    /// The value with what lies with it, all of one moment; nil where there is none.
    func getAttributed(_ key: StoreKey) async throws -> AttributedValue?

    /// Creates or replaces a value and all its attributes.
    ///
    /// - Throws: as `ConditionalPutting.put`: `RevisionConflict`; `StoreError(.unsupported)` of a condition that the far
    ///   side does not know. Nothing has changed then.
    func put(
        _ key: StoreKey, _ value: [UInt8], _ attributes: ValueAttributes, on condition: PutCondition
    ) async throws -> DatedRevision

    /// Replaces all attributes of a value that stays as it is.
    ///
    /// - Returns: the revision of the value then, which may be the same, with another time.
    /// - Throws: as `put`; `RevisionConflict` also where there is no value.
    func setAttributes(
        _ attributes: ValueAttributes, of key: StoreKey, on condition: PutCondition
    ) async throws -> DatedRevision

    /// What lies with values of a listing, in their order; nil where the value is there no more.
    ///
    /// Called with up to some hundred at a time: many may be asked for at once.
    func attributes(of entries: [KeyEntry]) async throws -> [ValueAttributes?]

    /// Small values of a listing, in their order; nil where a value is there no more. By itself: `get` of each, several at a
    /// time.
    func values(of entries: [KeyEntry]) async throws -> [[UInt8]?]
}

extension AttributedPutting {
    public func values(of entries: [KeyEntry]) async throws -> [[UInt8]?] {
        try await entries.concurrentMap(most: 16) { try await get($0.key) }
    }
}

extension Array where Element: Sendable {
    /// What `transform` makes of each, in their order; `most` at once.
    package func concurrentMap<R: Sendable>(
        most: Int, _ transform: @escaping @Sendable (Element) async throws -> R
    ) async throws -> [R] {
        try await withThrowingTaskGroup(of: (Int, R).self) { group in
            var found = [R?](repeating: nil, count: count)
            for (index, element) in enumerated() {
                if index >= most, let (done, result) = try await group.next() { found[done] = result }
                group.addTask { (index, try await transform(element)) }
            }
            for try await (done, result) in group { found[done] = result }
            return found.compactMap(\.self)
        }
    }
}

/// The revision of what was put, and when that was.
public struct DatedRevision: Hashable, Sendable {
    public let revision: Revision
    /// No listing gives a later time of it (`KeyEntry.modified`), as long as nobody changes it. nil: not known.
    public let time: Timestamp?

    public init(_ revision: Revision, _ time: Timestamp?) {
        self.revision = revision
        self.time = time
    }
}

/// What a put takes the place of.
public enum PutCondition: Hashable, Sendable {
    /// Whatever is there.
    case none
    /// As `ConditionalPutting.put(_:_:replacing:)` has it; nil: nothing.
    case replacing(Revision?)
}

/// A value, its revision, and what lies with it.
public struct AttributedValue: Hashable, Sendable {
    public let value: [UInt8]
    public let revision: Revision
    public let attributes: ValueAttributes

    public init(_ value: [UInt8], _ revision: Revision, _ attributes: ValueAttributes) {
        self.value = value
        self.revision = revision
        self.attributes = attributes
    }
}

/// The attributes of a file, as of inode(7). nil: nobody has set it.
public struct ValueAttributes: Hashable, Sendable {
    /// Permission bits (07777).
    public var mode: UInt16?
    public var uid: UInt32?
    public var gid: UInt32?
    /// Where nobody has set it: when the value was put, if the far side knows.
    public var mtime: Timestamp?
    /// Extended attributes of the user; names are bytes.
    public var extended: [[UInt8]: [UInt8]]
    /// These are not all: the others lie under a key of their own.
    public var hasMore: Bool

    public init(
        mode: UInt16? = nil, uid: UInt32? = nil, gid: UInt32? = nil, mtime: Timestamp? = nil,
        extended: [[UInt8]: [UInt8]] = [:], hasMore: Bool = false
    ) {
        self.mode = mode
        self.uid = uid
        self.gid = gid
        self.mtime = mtime
        self.extended = extended
        self.hasMore = hasMore
    }
}
