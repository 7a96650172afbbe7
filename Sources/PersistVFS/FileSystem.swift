public import Persist

/// The filesystem over a local store, without FUSE: one method for each verb of the kernel.
///
/// Synchronous; any thread. An answer is complete when a method returns. What is in memory only is here: open files,
/// working copies, creations that nobody has looked at yet. Everything else is the store's.
public final class FileSystem: Sendable {
    public let store: any LocalStore
    public let options: FileSystemOptions
    let kernel: any KernelNotifier
    let log: any Log
    let clock: @Sendable () -> Timestamp
    let permissions: Permissions
    let opens = OpenNodes()
    let pending: PendingCreations
    let seen = SeenRevisions()
    let aliases = Aliases()
    let lingering = Lingering()
    let replaced = Replaced()
    let refusals = Refusals()
    let controls: ControlFiles
    let unpublished: UnpublishedBytes
    /// nil: there is no far side.
    let far: (any FarWaits)?

    /// - Parameters:
    ///   - clock: CLOCK_REALTIME.
    ///   - far: what programs wait for on the way to a far side.
    ///   - controls: `.persist/status.json` and the like: a name and what makes its text.
    public init(
        store: any LocalStore, options: FileSystemOptions, kernel: any KernelNotifier, log: any Log,
        clock: @escaping @Sendable () -> Timestamp, far: (any FarWaits)? = nil,
        controls: [FileName: @Sendable () -> [UInt8]] = [:]
    ) {
        self.store = store
        pending = PendingCreations(store: store)
        self.options = options
        self.kernel = kernel
        self.log = log
        self.clock = clock
        self.far = far
        permissions = Permissions(isChecked: options.checksPermissions)
        unpublished = UnpublishedBytes(most: options.unpublishedBytesMax)
        self.controls = ControlFiles(store: store, texts: controls, clock: clock, uid: options.uid, gid: options.gid)
        store.observe(self)
    }

    /// Publishes what could not be published at its last close, where there is room for it by now. To be called now and
    /// then; any thread.
    public func retry() { retryLingering() }

    /// At unmount: publishes what open files still hold, since nobody will close them.
    /// - Returns: whether nothing is lost; else the log names it, in `lostWords`.
    @discardableResult
    public func shutdown() -> Bool {
        for open in opens.all {
            let handles = open.with { Array($0.opens.keys) }
            for handle in handles { release(open.id, handle: handle) }
        }
        for id in replaced.removeAll() { store.release(id) }
        publishLingering()
        if !lingering.isEmpty {
            // Nobody needs what is kept back for emptying a full disk any more.
            store.makeRoom()
            publishLingering()
        }
        let lost = lingering.all
        for open in lost {
            log.log("\(open.with { label($0.node) }): \(Self.lostWords)")
        }
        return lost.isEmpty
    }

    /// What the log says of content that is gone: a full disk did not take it to the end. `umount` looks for it.
    public static let lostWords = "its last content could not be published and is lost with this mount"

    // MARK: What the verbs share

    func requireWritable() throws(StoreError) {
        if options.isReadOnly || store.isReadOnly { throw StoreError(.readOnly) }
    }

    /// - Throws: `.nameTooLong`, `.invalid`.
    func name(_ bytes: [UInt8]) throws(StoreError) -> FileName { try FileName(bytes) }

    /// The node of a directory in which this caller may make, remove and rename.
    func requireDirectory(_ id: NodeID, _ caller: Caller) throws(StoreError) -> Attributes? {
        try requireWritable()
        if ControlFiles.owns(id) || id == .root { throw StoreError(.notPermitted) }
        guard permissions.applies(to: caller) else { return nil }
        let directory = attributes(of: try store.node(id))
        try permissions.require([.write, .search], of: directory, caller)
        return directory
    }

    /// Runs `body` on a node that is open here.
    /// - Throws: `.badDescriptor` where it is not.
    func withOpen<R: Sendable>(
        _ id: NodeID, _ body: (inout OpenNode.State) throws(StoreError) -> R
    ) throws(StoreError) -> R {
        guard let open = opens.find(id) else { throw StoreError(.badDescriptor) }
        return try open.with(body)
    }

    /// A pending creation has no path of its own in the store.
    func path(of state: OpenNode.State) throws(StoreError) -> [UInt8] {
        guard let creation = state.creation else { return try store.path(of: state.node.id) }
        return try store.path(of: creation.parent) + [UInt8(ascii: "/")] + creation.name.bytes
    }

    /// A file's path for the log; its name where the store knows no path.
    func label(_ node: Node) -> String {
        if let path = try? store.path(of: node.id) { return String(decoding: path, as: UTF8.self) }
        // It is being made.
        guard let parent = try? store.path(of: node.parent), !parent.isEmpty else { return "\(node.name)" }
        return String(decoding: parent, as: UTF8.self) + "/\(node.name)"
    }

    /// The key to log with; nil where the store knows none.
    func key(_ id: NodeID) -> StoreKey? { try? store.key(of: id) }
}

extension FileSystem {
    /// What lies below the working copy of a node.
    func below(_ state: OpenNode.State) -> WorkingCopy.Below {
        let store = store
        if let draft = state.working?.draft {
            return { (offset, buffer) throws(StoreError) in try store.readDraft(draft, at: offset, into: &buffer) }
        }
        if state.creation != nil { return { (_, _) throws(StoreError) in } }
        let id = state.node.id
        return { (offset, buffer) throws(StoreError) in _ = try store.read(id, at: offset, into: &buffer) }
    }
}
