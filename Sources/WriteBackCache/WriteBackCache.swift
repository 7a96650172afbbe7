public import Persist
public import SQLiteStore
import Synchronization

/// A local store in front of a far side with four methods: what is written is here at once, and there soon.
///
/// Everything that the filesystem asks is answered by `store`. What it changes is in the outbox in the same
/// transaction, and sent on in the background; what others change on the far side is looked for now and then. A dead
/// far side stops neither.
public final class WriteBackCache: Sendable {
    public let store: SQLiteStore
    let far: FarSide
    let uploader: Uploader
    let refresher: Refresher
    let fetcher: Fetcher
    let evictor: Evictor
    let ignored: IgnoredKeys
    private let inlet: Inlet

    /// What the store tells of before there is an uploader.
    private final class Inlet: Sendable {
        let uploader = Mutex<Uploader?>(nil)
        let refresher = Mutex<Refresher?>(nil)
        let fetcher = Mutex<Fetcher?>(nil)
    }

    /// Opens the local copy; nothing is sent or asked before `run`.
    ///
    /// - Parameters:
    ///   - path: of the local store, which nobody else has open.
    ///   - storeOptions: `outboxChanged`, `writingEnded`, `absentNames` and `absentContent` are the cache's.
    /// - Throws: as `SQLiteStore.open`.
    public init(
        _ adapter: any PersistAdapter, path: String, storeOptions: SQLiteStoreOptions,
        options: WriteBackCacheOptions = WriteBackCacheOptions()
    ) throws(StoreError) {
        let inlet = Inlet()
        var storeOptions = storeOptions
        storeOptions.outboxChanged = { entries in inlet.uploader.withLock { $0 }?.noted(entries) }
        storeOptions.writingEnded = { id in inlet.uploader.withLock { $0 }?.writingEnded(id) }
        storeOptions.absentNames = { inlet.refresher.withLock { $0 }?.absence }
        storeOptions.absentContent = { content in
            inlet.fetcher.withLock { $0 }?.absence(of: content) ?? Closing()
        }
        let store = try SQLiteStore.open(path: path, options: storeOptions)
        let far = FarSide(adapter, requestMilliseconds: options.requestMilliseconds)
        let writer = Self.writer(of: store)
        let fetcher = Fetcher(store: store, far: far, wholeBytesMax: options.cacheBytesMax / 4)
        let upload = Upload(
            store: store, far: far, fetcher: fetcher, claims: PathClaims(), books: Bookkeeper(store),
            options: options, writer: writer)
        self.store = store
        self.far = far
        self.inlet = inlet
        evictor = Evictor(store: store, options: options)
        uploader = Uploader(upload, store: store, options: options)
        ignored = IgnoredKeys()
        let hasSeen = try store.lastSeen() != nil
        refresher = Refresher(
            Refresh(
                store: store, far: far, evictor: evictor, log: options.log, writer: writer, ignored: ignored),
            hasSeen: hasSeen, options: options)
        self.fetcher = fetcher
        inlet.fetcher.withLock { $0 = fetcher }
        inlet.uploader.withLock { $0 = uploader }
        inlet.refresher.withLock { $0 = refresher }
    }

    /// The longest value that this adapter takes.
    public static func valueBytesMax(of adapter: any PersistAdapter, _ options: WriteBackCacheOptions) -> UInt64 {
        (adapter as? any PartedPutting)?.partedBytesMax ?? options.valueBytesMax
    }

    /// The longest file that may be written here: what is longer than all that may wait to be sent would wait for ever, and
    /// one that is all holes keep everybody else waiting.
    public static func fileBytesMax(of adapter: any PersistAdapter, _ options: WriteBackCacheOptions) -> UInt64 {
        min(valueBytesMax(of: adapter, options), max(options.valueBytesMax, options.dirtyBytesMax))
    }

    /// The first digits of the store's own number.
    private static func writer(of store: SQLiteStore) -> UInt32 {
        UInt32(store.identifier.prefix(8), radix: 16) ?? 0
    }

    /// Begins to send, and to look at what the far side has.
    ///
    /// - Parameter looks: false: looks only where `refresh` asks for it, and lets nothing go.
    public func run(looks: Bool = true) {
        uploader.run()
        guard looks else { return }
        refresher.run()
        evictor.run()
    }

    /// A look at all that the far side has came to its end at some time: a name that is not here is not there.
    public var knowsAllNames: Bool { refresher.absence == nil }

    /// The far side has answered at some time since `run`; where it has not, why it cannot be looked through.
    public var contact: (hasAnswered: Bool, failure: String?) { far.contact }

    /// Looks now at what the far side has. - Throws: why that cannot be found out.
    public func refresh() async throws(StoreError) { try await refresher.look() }

    /// Begins a look at what the far side has; where one is under way, which may have passed what has just been changed, another
    /// after it. Returns at once. - Returns: its number (`LookCount`).
    public func lookAnew() -> Int64 { refresher.lookAnew() }

    /// Takes away content that the far side has, now, where the local copy is too large.
    /// - Returns: how many bytes that gave back.
    @discardableResult
    public func evict() async throws(StoreError) -> UInt64 { try await evictor.evict() }

    /// Waits until the far side has all that is here now.
    public func sync() async throws(StoreError) {
        let last = try hurry()
        while let pending = try store.outboxGenerations(), pending.lowerBound <= last {
            try? await Task.sleep(for: .milliseconds(20))
        }
    }

    /// Sends what is here now without waiting for it to settle. Returns at once.
    /// - Returns: the generation of the last change: when none up to it is pending, all has been sent.
    @discardableResult
    public func hurry() throws(StoreError) -> Int64 {
        let last = try store.outboxGenerations()?.upperBound ?? 0
        // All up to that has to be known there.
        try store.awaitNews()
        uploader.hurry()
        return last
    }

    /// Gives up without a word, as if the process had been killed: for tests.
    public func abandon() {
        uploader.stop()
        refresher.end()
        evictor.stop()
        inlet.uploader.withLock { $0 = nil }
        store.abandon()
    }

    /// Sends and asks nothing any more, and waits for what is under way, at most so long, and while `mayWait`. What has
    /// not been sent stays in the outbox.
    public func stop(waitMilliseconds: Int64 = 5_000, while mayWait: () -> Bool = { true }) async {
        uploader.stop()
        evictor.stop()
        refresher.end()
        let deadline = ContinuousClock.now + .milliseconds(waitMilliseconds)
        // A look too: an adapter that hangs does not hear that it has been given up.
        while !(uploader.isIdle && refresher.isIdle), ContinuousClock.now < deadline, mayWait() {
            try? await Task.sleep(for: .milliseconds(5))
        }
        inlet.uploader.withLock { $0 = nil }
        inlet.refresher.withLock { $0 = nil }
        inlet.fetcher.withLock { $0 = nil }
    }

    /// Before there is a far side to ask, and after.
    private struct Closing: Absence {
        func bring() async throws(StoreError) {
            throw StoreError(.timedOut, hint: "the content is on the far side, which is not asked now")
        }
    }
}
