/// Capability: a delete of the value that is known, and of no other.
///
/// With it what goes away needs no look before it is deleted, and an adapter may do many at once. Without it the cache
/// looks, then deletes.
public protocol RevisedDeleting: KeyListing {
    /// Deletes the value, where it has this revision still; else nothing is changed.
    ///
    /// Best effort where the far side cannot compare and delete in one step: what is put in the very moment may go too.
    ///
    /// - Returns: false: another value is there, or none.
    @discardableResult
    func delete(_ key: StoreKey, having revision: Revision) async throws -> Bool
}
