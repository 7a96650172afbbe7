internal import Persist

/// The bounds of a `ProcessAdapter` (R14).
public struct ProcessAdapterOptions: Sendable {
    /// Where the child runs; nil: where this process does.
    public var directory: String?
    /// Variables of the child beside those of this process, or instead.
    public var environment: [String: String] = [:]
    /// What uses the adapter, in a word that nothing else that runs at the same time has: by it `LeftChildren` finds what is
    /// left of the child where this process is killed. The child has it as PERSISTFS_ADAPTER_OF. nil: it cannot be found.
    public var owner: String?
    /// Requests that the child has at once; others wait. 64.
    public var requestsMax = 64
    /// The longest that a request is in flight, restarts of the child included; of a list, between two items.
    /// `.timedOut`. 30 s.
    public var requestSeconds = 30.0
    /// Children that end one after another without an answer, until requests fail with `.timedOut` before their time is
    /// over. nil: they wait for another one.
    public var startsInVainMax: Int?
    /// The longest line that the child may write; past it the child is started again. 100 MiB.
    public var lineBytesMax = 100 << 20
    /// The largest value; `.tooLarge`. 64 MiB, which is 86 MiB in base64.
    public var valueBytesMax = 64 << 20
    /// Items of a list that have come and were not taken yet: past it the child's output is left unread, as long as
    /// nobody waits for anything else of it. 1 MiB.
    public var listBufferBytes = 1 << 20
    /// The same while others do wait, so that it has to be read; past it the list fails with `.timedOut`.
    /// Also what entries may take that are held back for their place in the order. 256 MiB.
    public var listBufferBytesMax = 256 << 20
    /// A line of the child's standard error, as it is logged; the rest of it is left out. 4 KiB.
    public var logLineBytesMax = 4 << 10
    /// How long the child may go on when its input is closed, before SIGTERM; a second later SIGKILL. 5 s.
    public var closeSeconds = 5.0

    /// Tells the child, and all that it starts, whose it is.
    public static let ownerVariable = "PERSISTFS_ADAPTER_OF"

    public init() {}
}
