/// The store on this machine, as the filesystem sees it: synchronous and transactional.
///
/// Every method is one transaction, or nothing: what it throws has changed nothing, what it returned survives
/// kill -9 of this process. Nodes are addressed by id; names are looked up by (parent, name). Any thread may call
/// any method. No method waits for anything but the disk and, at most `busyMilliseconds`, for another process's
/// write transaction (then `.timedOut`; `.interrupted` where `WaitObserver.isInterrupted` says so).
///
/// What the filesystem keeps to itself: open files, the bytes of working copies, permissions, control files.
/// What the store keeps: names, attributes, published content, drafts (unpublished content that must survive),
/// the validity of documents and event lines, rejected and conflicting versions.
public protocol LocalStore: AnyObject, Sendable {
    var limits: StoreLimits { get }
    /// Nothing can be changed: every mutation throws `.readOnly`.
    var isReadOnly: Bool { get }

    // MARK: Names (one that comes, goes or changes moves mtime and ctime of its directory)

    /// - Throws: `.notFound`; `.notDirectory` where `parent` is none.
    func lookup(_ name: FileName, in parent: NodeID) throws(StoreError) -> Node

    /// - Throws: `.notFound` where the node is gone.
    func node(_ id: NodeID) throws(StoreError) -> Node

    /// Entries of a directory after `cookie` (0: from the start), in the order of their cookies; empty at the end.
    /// Entries that stay for the whole listing are given exactly once, whatever comes and goes meanwhile.
    func list(_ directory: NodeID, after cookie: UInt64, limit: Int) throws(StoreError) -> [DirectoryEntry]

    /// The path of a node below the root, as shown (`records/users/alice.json`). For logs, `watch`, `.persist/`.
    func path(of id: NodeID) throws(StoreError) -> [UInt8]

    /// The key of a document, blob or stream, the namespace first (`records/users/alice`); nil for what has none.
    func key(of id: NodeID) throws(StoreError) -> StoreKey?

    /// An id for a node that `create`, `publish` or `append` will bring. Memory only; never given twice.
    func reserveNodeID() throws(StoreError) -> NodeID

    /// The node that `create` would make, with its namespace and class of name, and what is there; makes nothing.
    ///
    /// - Throws: as `create`, but `.exists`.
    func preview(_ creation: Creation) throws(StoreError) -> CreationPreview

    /// Makes a directory, symlink, special file or empty regular file.
    ///
    /// An empty regular file is a placeholder in records/ (no record), an empty value in kv/, an empty stream in
    /// events/, an empty file elsewhere.
    /// - Throws: `.exists`, `.notFound` (parent gone), `.notDirectory`, `.notPermitted` (in the root; special files
    ///   outside blobs/).
    func create(_ creation: Creation) throws(StoreError) -> Node

    /// Removes a name that is no directory.
    ///
    /// The node stays readable while it is held (`hold`). A stream with events: `.notPermitted`, unless the limits
    /// say `removesEvents`.
    /// - Returns: the node as it is now.
    func unlink(_ name: FileName, in parent: NodeID) throws(StoreError) -> Node

    /// - Throws: `.notEmpty`, `.notDirectory`, `.busy` for a namespace.
    func removeDirectory(_ name: FileName, in parent: NodeID) throws(StoreError) -> Node

    /// renameat2(2). Moving to another class of name publishes or withdraws documents: all below, or
    /// (`.rejected`) nothing.
    ///
    /// A record cannot be emptied by it (`.rejected`), by exchange with a placeholder neither. A regular file over a
    /// stream, empty or not, becomes the stream's continuation (R8). A stream that has events keeps its path: it and
    /// the directories above it are not renamed (`.notPermitted`), unless the limits say `removesEvents`.
    /// - Throws: also `.crossesNamespaces`, `.busy`, `.invalid` (a directory into itself), `.notPermitted` (streams).
    func rename(_ rename: Rename) throws(StoreError) -> Renamed

    /// chmod, chown, utimensat; never the size. Returns the node after.
    func setAttributes(_ id: NodeID, _ change: AttributeChange) throws(StoreError) -> Node

    // MARK: Extended attributes (user.* as stored; the virtual ones are the filesystem's)

    /// - Throws: `.noAttribute`.
    func attribute(_ name: [UInt8], of id: NodeID) throws(StoreError) -> [UInt8]
    func attributeNames(of id: NodeID) throws(StoreError) -> [[UInt8]]
    /// - Throws: `.exists`, `.noAttribute` by `mode`; `.full`, as ext4 says, where the names and values of a file
    ///   would be more than `limits.attributeBytesMax` bytes.
    func setAttribute(_ name: [UInt8], to value: [UInt8], mode: AttributeMode, of id: NodeID) throws(StoreError)
    /// - Throws: `.noAttribute`.
    func removeAttribute(_ name: [UInt8], of id: NodeID) throws(StoreError)

    // MARK: Published content

    /// Appends the published bytes at `offset` to `buffer`, as many as there are and it has room for.
    /// A hole reads as zeros. Of a symlink: its target.
    /// - Returns: the revision that the bytes belong to.
    @discardableResult
    func read(_ id: NodeID, at offset: UInt64, into buffer: inout OutputRawSpan) throws(StoreError) -> Int64

    /// The first bytes of a range that take room: whole chunks, cut at the end of the range and of the file; nil where
    /// there is nothing but a hole.
    ///
    /// They may end before the data does: what follows then begins there. Documents and streams are data throughout.
    func nextData(of content: StoredContent, in range: Range<UInt64>) throws(StoreError) -> Range<UInt64>?

    /// Makes a working copy the value of its node: whole or not at all, in one transaction.
    ///
    /// Validates documents (`.rejected`; an empty record is `.rejected` where there is a value, and a placeholder
    /// where there is none). Clears the name's rejected version. Drops `draft` if it is given as content.
    /// Where the value of a document has been changed by others since `base` (R10), the others' value stays under
    /// the name and this content goes to `conflicts`; the result says so. Where it is the same content, there is none.
    /// mtime is the publication's; ctime is the later of what it was and that mtime, so that a close moves no time.
    /// - Throws: `.notFound` where the node has no name any more, `.exists` where the name of a creation is taken.
    func publish(_ publication: Publication) throws(StoreError) -> Published

    // MARK: Drafts: unpublished content of this mount

    /// An empty draft over the published content of `id` as it is now: what is not written in it reads from there.
    ///
    /// Memory only, but where other processes have this store open: then it is registered at once, so that they
    /// leave its base alone. `isNew`: the node is not there yet; there is no base.
    func openDraft(of id: NodeID, isNew: Bool) throws(StoreError) -> Draft

    /// Stores chunks, and parts of chunks, of unpublished content; a smaller size cuts what was stored beyond it. After
    /// a crash they are dropped, unless `keepDraft` came after them.
    ///
    /// - Throws: `.invalid` for chunks of other content that is not as long, and parts past the end of their chunk or
    ///   of the file; `.notFound` where the other content is gone.
    func writeDraft(_ content: DraftContent) throws(StoreError)

    /// Appends the bytes at `offset` that `writeDraft` has stored, else those of the base, to `buffer`;
    /// never past the size last written.
    func readDraft(_ draft: Draft, at offset: UInt64, into buffer: inout OutputRawSpan) throws(StoreError)

    /// After a crash, recovery publishes this content, by the rules of `publish` (R1: FSYNC).
    /// Makes the node, without a value, where its creation is pending. The node and the base revision are those of the
    /// draft that is given.
    func keepDraft(_ content: DraftContent, creation: Creation?, mtime: Timestamp) throws(StoreError)

    func dropDraft(_ draft: Draft) throws(StoreError)

    // MARK: Streams

    /// Appends lines to a stream; each finished line is one event.
    ///
    /// In `*.jsonl` and `*.ndjson` lines end before the first that is not JSON: `.rejected` where it is the first.
    func append(_ append: Append) throws(StoreError) -> Appended

    /// To several streams, each as by itself: whether the others succeed does not matter. Cheaper where the store can
    /// commit them together.
    func append(_ appends: [Append]) -> [Result<Appended, StoreError>]

    /// Takes all events from a stream (truncate(2) to nothing); the next append begins it anew.
    ///
    /// - Throws: `.notPermitted`, unless the limits say `removesEvents` or it has none; `.notFound`.
    /// - Returns: the stream afterwards; mtime and ctime are `time`.
    func removeEvents(of id: NodeID, at time: Timestamp) throws(StoreError) -> Node

    /// Keeps the unfinished last line of an open file, so that recovery can join it (FLUSH). `tail` nil: a new one.
    func keepTail(_ tail: TailID?, of id: NodeID, bytes: [UInt8]) throws(StoreError) -> TailID
    func dropTail(_ tail: TailID) throws(StoreError)

    // MARK: Rejected and conflicting versions (.persist/rejected, .persist/conflicts)

    /// Keeps refused bytes under the path of the name, with the reason.
    func keepRejected(_ path: [UInt8], bytes: [UInt8], error: String) throws(StoreError)
    /// All of one area, ordered by path.
    func keptVersions(_ area: KeptArea) throws(StoreError) -> [KeptVersion]
    func keptBytes(_ area: KeptArea, _ path: [UInt8]) throws(StoreError) -> [UInt8]
    func removeKept(_ area: KeptArea, _ path: [UInt8]) throws(StoreError)

    // MARK: Durability and life

    /// Before the last writes of a mount: what is kept back, and what removed files had, may be used for them.
    func makeRoom()

    /// Everything that returned before this call survives loss of power (fsync(2) of any file).
    func sync() throws(StoreError)

    /// The node is open here: unlinking it, by anyone, leaves it readable until `release`.
    func hold(_ id: NodeID)
    /// The last open is gone: an unlinked node is collected. Errors are the store's to log: nobody waits.
    func release(_ id: NodeID)
    /// Whether somebody here has the node open for writing, or has written what is not published yet. So long what a far
    /// side has of it waits (R10), and it is sent there only once it has lain unchanged for a while (R1). Counted; over with
    /// the last `release`.
    func setWriting(_ id: NodeID, _ isWriting: Bool)
    /// Whether a file of that name is being made, which the store knows nothing of until it is published. So long a far
    /// side's file of that name waits, and its directory stays.
    func setCreating(_ name: FileName, in parent: NodeID, _ isCreating: Bool)

    /// Of a node that is open here and has no name any more: whether others have taken that away, on the far side or in
    /// another mount, and no program here.
    func isTaken(_ id: NodeID) -> Bool

    /// - Parameter countsNodes: takes the longer the more there are; statfs(2) does without.
    func statistics(countsNodes: Bool) throws(StoreError) -> StoreStatistics

    /// Folds in what other processes have changed, and tells the observer, before it returns (R9: at open(2)).
    func refresh() throws(StoreError)

    /// `refresh` and `node`: for open(2), which nearly always finds that nothing has changed.
    func refreshed(_ id: NodeID) throws(StoreError) -> Node

    /// Who is told of changes that this store object did not make itself (R9).
    func observe(_ observer: any StoreObserver)

    /// The last call: checkpoints, and (the last process) leaves one file. Idempotent.
    func close()
}

extension LocalStore {
    public func makeRoom() {}

    public func append(_ appends: [Append]) -> [Result<Appended, StoreError>] {
        appends.map { append in Result { () throws(StoreError) in try self.append(append) } }
    }
}
