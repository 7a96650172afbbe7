/// Capability: reading a part of a value.
///
/// With it a program that reads a little of a large file waits for that little; without it, for all of the file. It is used
/// where the revision of the value is known, from `KeyListing` or `ConditionalPutting`.
public protocol RangedReading: PersistAdapter {
    /// The bytes of a value within `range`, as many as there are, with the revision of the value that they are of; nil
    /// where there is no value.
    ///
    /// On HTTP: Range, and the ETag of the answer; 416 is no bytes.
    ///
    /// - Parameter range: not empty. Where it begins behind the end of the value, no bytes are given.
    func get(_ key: StoreKey, range: Range<UInt64>) async throws -> RevisedValue?
}
