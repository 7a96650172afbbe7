public import Persist

/// How a store is opened.
public struct SQLiteStoreOptions: Sendable {
    public var limits: StoreLimits = .init()
    /// Nothing in the file is changed, not even to note that it is open.
    public var isReadOnly = false
    /// Another program's database becomes a store: its own tables stay as they are.
    public var adopts = false
    public var createsIfMissing = true
    /// Kept free beside the store, so that a full disk can be emptied (R13). Zero: no reserve.
    public var reserveBytes: UInt64 = 16 << 20
    /// Where the WAL is brought into the file; at half of it where the disk is short. 16 MiB: with less, more than one
    /// create in a hundred meets a checkpoint; with more, what is written again falls out of the processor's cache.
    public var walBytesMax = 16 << 20
    public var waits: any WaitObserver = PatientWaiting()
    /// Not nil: the store is a copy of a far side, and keeps an outbox. Is told of its entries as soon as they are in the
    /// file, in the order of the transactions; takes note and returns, since nobody writes meanwhile.
    public var outboxChanged: (@Sendable ([OutboxEntry]) -> Void)?
    /// Of such a store: is told of nodes that nobody writes any more (`LocalStore.setWriting`). Any thread; takes note, and
    /// returns.
    public var writingEnded: @Sendable (NodeID) -> Void = { _ in }
    /// What says whether the far side may have names that are not here: asked where a name is not found, and before a
    /// directory is listed or found to be empty. nil: all of them are known.
    public var absentNames: (@Sendable () -> (any Absence)?)?
    /// What brings content that the far side has and this machine has not. nil: all of it is here.
    public var absentContent: (@Sendable (AbsentContent) -> any Absence)?
    /// Is told of each new copy below `.persist/conflicts` that this store object has made, once it is in the file: takes
    /// note and returns, as above (R10).
    public var conflictKept: (@Sendable ([UInt8]) -> Void)?
    /// One line for a person.
    /// For tests.
    var bodyWatcher: (any BodyFileWatcher)?
    /// Of this start of the kernel: another one than at the last opening, and power may have been lost. nil: the kernel is asked.
    var bootID: String?
    public var log: @Sendable (String) -> Void = { _ in }

    public init() {}
}
