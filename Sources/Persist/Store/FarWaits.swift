/// What programs wait for on the way to a far side. A store that has none has none of this.
///
/// Any thread; nothing here blocks: what takes time is an absence, for which whoever runs the operation puts it aside.
public protocol FarWaits: Sendable {
    /// Of `fsync=remote`: what returns when the far side has a node as it is now, which is sent at once.
    ///
    /// `bring` throws `.timedOut` where the far side does not take it in time (it stays in the queue), and what the far
    /// side says where it refuses it for good.
    /// - Returns: nil: the far side has it.
    func settling(of id: NodeID) throws(StoreError) -> (any Absence)?

    /// Before content is stored that the far side does not have: there is a bound on how much that may be.
    ///
    /// - Parameters:
    ///   - bytes: how long the node's content will be; `isMore`: by how much it grows.
    ///   - waits: false: who asks cannot be put aside.
    /// - Throws: `.absent` until uploads have made room; `.full` where they have not in a long time, or `waits` is false.
    func requireRoom(_ bytes: UInt64, isMore: Bool, for id: NodeID, waits: Bool) throws(StoreError)

    /// Before a file is opened to be read: who opens it is told how long it is, and reads so much. Of what nothing is here,
    /// others may have put another value since the far side was looked at.
    ///
    /// - Throws: `.absent` until what the far side has is known, and something of it is here.
    func requireKnown(_ id: NodeID) throws(StoreError)

    /// How far a change is on its way (R12). - Returns: nil: the far side has all of it.
    func progress(of id: NodeID) throws(StoreError) -> FarProgress?
}

/// A change that the far side does not have yet.
public enum FarProgress: Sendable, Equatable {
    /// For its turn, or for the far side; with what the last try failed with.
    case waiting(lastError: String?)
    case uploading
}
