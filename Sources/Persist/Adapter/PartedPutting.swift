/// Capability: a long value is put in parts (S3 calls it a multipart upload): no more than some of them are in memory, and
/// what was sent before a crash is not sent again.
///
/// Nobody sees anything of the value before `complete`. Without this capability values are put whole, and are at most
/// `WriteBackCacheOptions.valueBytesMax` long.
public protocol PartedPutting: AttributedPutting, RangedReading {
    /// Values from this size on are put in parts. Kept for as long as the adapter lives.
    var partedBytesMin: UInt64 { get }

    /// The longest value.
    var partedBytesMax: UInt64 { get }

    /// How long each part of a value of this size is; the last one is what is left.
    func partBytes(of size: UInt64) -> UInt64

    /// Begins a value, with what is to lie with it.
    func beginParts(of key: StoreKey, _ attributes: ValueAttributes) async throws -> PartedUpload

    /// Sends one part, again where that has been done before.
    ///
    /// - Parameter number: from 1.
    /// - Throws: `UploadGone`.
    func putPart(_ number: Int, _ bytes: [UInt8], of upload: PartedUpload) async throws -> PartReceipt

    /// Makes the parts, in the order given, the value of the key; its attributes are those that it was begun with.
    ///
    /// - Throws: as `AttributedPutting.put`, and `UploadGone`: also where it has been completed, and the answer was lost.
    ///   After `RevisionConflict` and `StoreError(.unsupported)` the upload is still there.
    func complete(
        _ upload: PartedUpload, of parts: [PartReceipt], on condition: PutCondition
    ) async throws -> DatedRevision

    /// Gives back what the parts take. One that is gone already is no error.
    func abandon(_ upload: PartedUpload) async throws

    /// Uploads of a key that were begun and neither completed nor abandoned, by anyone.
    func openUploads(of key: StoreKey) async throws -> [(upload: PartedUpload, begun: Timestamp)]
}

/// Capability: parts are copied from another value, which does not have to be sent for that: a long file that gets another
/// name costs requests, and no bytes.
public protocol PartCopying: PartedPutting {
    /// - Parameters:
    ///   - source: the value of another key, while it has this revision.
    ///   - range: of its bytes.
    /// - Returns: a receipt without a sum.
    /// - Throws: `UploadGone`; `RevisionConflict` where the source is not there with this revision;
    ///   `StoreError(.unsupported)`: the part is sent then.
    func copyPart(
        _ number: Int, from source: StoreKey, having revision: Revision, _ range: Range<UInt64>,
        of upload: PartedUpload
    ) async throws -> PartReceipt
}

/// A value that is being put in parts.
public struct PartedUpload: Hashable, Sendable {
    public let key: StoreKey
    /// Nobody but the adapter looks inside. Kept over restarts.
    public let token: [UInt8]

    public init(_ key: StoreKey, token: [UInt8]) {
        self.key = key
        self.token = token
    }
}

/// What says that a part has arrived.
public struct PartReceipt: Hashable, Sendable {
    /// Nobody but the adapter looks inside. Kept over restarts.
    public let mark: [UInt8]
    /// SHA-256 of the part, 32 bytes; empty: it was copied.
    public let sum: [UInt8]

    public init(mark: [UInt8], sum: [UInt8]) {
        self.mark = mark
        self.sum = sum
    }
}

/// There is no such upload: it was completed, abandoned, or has expired.
public struct UploadGone: Error, Hashable, Sendable {
    public init() {}
}
