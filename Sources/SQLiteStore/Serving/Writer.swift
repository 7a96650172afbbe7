import Glibc
internal import Persist

/// The connection that writes: one transaction at a time in this process, and one of all processes.
final class Writer: @unchecked Sendable {  // its state is used with the lock held
    let db: Connection
    let mount: MountState
    let waits: any WaitObserver
    let lane = WriterLane()
    /// nil where nobody else can write.
    let index: WALIndex?
    let file: VFSFile?
    /// What others had done, and nobody has been told yet.
    var foreign: [StoreChange] = []
    var isClosed = false
    /// Why nothing may be written any more.
    private var refusal: StoreError?
    private var share = LockShare()
    private let others: OtherPrograms
    /// nil until the store is served.
    var room: DiskRoom?
    /// Whether SQLite cuts the WAL when it begins anew.
    private var cutsLog = false
    private let pageBytes: Int64
    /// The file's size since the last commit; nil where another process may have written.
    var size: DiskRoom.FileSize?

    init(_ db: Connection, _ mount: MountState, others: OtherPrograms, waits: any WaitObserver) {
        self.others = others
        self.db = db
        pageBytes = (try? db.first("PRAGMA page_size") { $0.int(0) }) ?? 8_192
        self.mount = mount
        self.waits = waits
        index = WALIndex(db)
        file = VFSFile.of(db.handle)
        db.cache = NodeCache()
        db.touches = mount.touches
        db.patience.whenHeldUp = { [lane] isHeldUp in lane.isHeldUp(isHeldUp) }
    }

    static let closed = StoreError(.io, hint: "the store has been closed")

    func take() {
        if lane.tryTake() || lane.takeSoon() { return }
        waits.waitBegins()
        lane.take()
        waits.waitEnds()
    }

    /// For a transaction: whoever waits behind one that waits for another process has the same deadline as that.
    private func takeToWrite(isInterruptible: Bool) throws(StoreError) {
        if lane.tryTake() || lane.takeSoon() { return }
        waits.waitBegins()
        defer { waits.waitEnds() }
        let isTaken = lane.take(deadline: .now + db.patience.deadline) { isInterruptible && waits.isInterrupted }
        if isTaken { return }
        throw isInterruptible && waits.isInterrupted
            ? StoreError(.interrupted)
            : StoreError(.timedOut, hint: "another process has been writing to the store for too long")
    }

    /// Looks something up on this connection where it is free: its cache is warm, while a reader's is emptied by
    /// each commit. - Returns: nil where it is not free.
    func readIfFree<R>(_ body: (Connection) throws(StoreError) -> R) throws(StoreError) -> R? {
        guard lane.tryTake() else { return nil }
        defer { lane.give() }
        guard !isClosed else { throw Self.closed }
        noteCurrency()
        return try body(db)
    }

    /// The same, with all that others did folded in and given out.
    /// - Returns: nil where it is not free, or there is something of others.
    func readCurrentIfFree<R>(_ body: (Connection) throws(StoreError) -> R) throws(StoreError) -> R? {
        guard lane.tryTake() else { return nil }
        defer { lane.give() }
        guard !isClosed else { throw Self.closed }
        noteCurrency()
        guard isCurrent, foreign.isEmpty else { return nil }
        let result = try body(db)
        return isCurrent ? result : nil
    }

    /// Nobody else has committed anything that has not been folded in.
    var isCurrent: Bool { index?.isCurrent ?? false }

    private func noteCurrency() {
        db.cache?.isCurrent = isCurrent
        file?.keepsReadLock = isAlone
    }

    /// No other program has the file open, as of the last look.
    private var isAlone: Bool { others.count == 0 }

    /// Uses the connection for something that is no transaction.
    func use<R>(_ body: (Connection) throws(StoreError) -> R) throws(StoreError) -> R {
        take()
        defer { lane.give() }
        guard !isClosed else { throw Self.closed }
        noteCurrency()
        return try body(db)
    }

    /// One transaction, after everything that others did has been folded in.
    ///
    /// - Parameters:
    ///   - leavesDirectories: `body` changes no directory, but by `touch`.
    ///   - isFromFar: it brings what the far side has.
    ///   - isFreeing: it makes room on the disk.
    ///   - savesFirst: what waits (`Outbox.unsaved`, `Touches`) is written; false: `body` does that where it must.
    func write<R>(
        isInterruptible: Bool, leavesDirectories: Bool = false, isFromFar: Bool = false,
        isFreeing: Bool = false, savesFirst: Bool = true,
        _ body: (Transaction) throws(StoreError) -> R
    ) throws(StoreError) -> R {
        try takeToWrite(isInterruptible: isInterruptible)
        defer { lane.give() }
        guard !isClosed else { throw Self.closed }
        if let refusal { throw refusal }
        db.patience.isInterruptible = isInterruptible
        defer { db.patience.isInterruptible = false }
        try begin()
        let transaction = Transaction(db, mount, now: .now, isFromFar: isFromFar)
        db.cache?.isCurrent = leavesDirectories
        defer { if leavesDirectories { db.cache?.forgetFiles() } else { db.cache?.forgetAll() } }
        return try commit(transaction, isFreeing) { tx throws(StoreError) in
            if savesFirst { try tx.saveWhatWaits() }
            return try body(tx)
        }
    }

    /// What is remembered of the file may be wrong.
    func forget() {
        db.cache?.isCurrent = false
        db.cache?.forgetAll()
        mount.mayHoldRejected = true
    }

    private func commit<R>(
        _ transaction: Transaction, _ isFreeing: Bool, _ body: (Transaction) throws(StoreError) -> R
    ) throws(StoreError) -> R {
        var isCommitting = false
        do throws(StoreError) {
            let result = try body(transaction)
            try transaction.writeFeed()
            try transaction.requireDurableChanges()
            try transaction.writeOutbox()
            isCommitting = true
            try commitFile(isFreeing: isFreeing)
            transaction.committed()
            // What a dead mount had kept, published here: to this mount it is news.
            foreign += transaction.foreign
            return result
        } catch {
            rollBack()
            forget()
            // What is in the WAL may come back after a crash, though this process takes it for undone.
            if !isCommitting { mount.bodyFiles?.forget(transaction.placedSlots) }
            throw error
        }
    }

    func rollBack() {
        db.touches = mount.touches
        guard db.isInTransaction else { return }
        // Fails only where SQLite has rolled back by itself.
        _ = try? db.run("ROLLBACK")
        giveFile()
    }

    /// Takes the write lock of the file, which other programs get their share of.
    func takeFile() throws(StoreError) {
        // Alone, it need not even look at the clock.
        let isAlone = isAlone
        file?.keepsReadLock = isAlone
        if !isAlone, let pause = share.pause(.now) { usleep(UInt32(pause / .microseconds(1))) }
        try db.run("BEGIN IMMEDIATE")
        if !isAlone { share.take(.now) }
    }

    private func giveFile() {
        if share.isTaken { share.give(.now, others: others.count) }
    }

    /// - Parameter foldsIn: with this transaction everything of others has been folded in.
    func commitFile(foldsIn: Bool = false, isFreeing: Bool = true) throws(StoreError) {
        let size = try claimRoom(isFreeing: isFreeing)
        func commit() throws(StoreError) { try db.run("COMMIT") }
        if let index { try index.committing(foldsIn: foldsIn, commit) } else { try commit() }
        self.size = size
        giveFile()
    }

    private func claimRoom(isFreeing: Bool) throws(StoreError) -> DiskRoom.FileSize? {
        guard let room else { return nil }
        let isShort = room.isShort
        if isShort != cutsLog {
            try db.execute("PRAGMA journal_size_limit = \(isShort ? room.walBytesMost : -1)")
            cutsLog = isShort
        }
        guard isShort else { return nil }
        let size = DiskRoom.FileSize(
            pages: try db.first("PRAGMA page_count") { $0.int(0) } ?? 0,
            freePages: try db.first("PRAGMA freelist_count") { $0.int(0) } ?? 0, pageBytes: pageBytes)
        try room.claim(size, before: self.size, isFreeing: isFreeing)
        return size
    }

    /// Gives free pages back, in a transaction of its own, unless another process writes for long.
    /// - Returns: how many it gave, and how long others had to wait for that.
    func shrink(by pages: Int) throws(StoreError) -> (given: Int, time: Duration) {
        try use { db throws(StoreError) in
            db.patience.limit = .milliseconds(20)
            defer { db.patience.limit = nil }
            try takeFile()
            let start = ContinuousClock.now
            do throws(StoreError) {
                let before = try db.first("PRAGMA freelist_count") { $0.int(0) } ?? 0
                try db.execute("PRAGMA incremental_vacuum(\(pages))")
                let after = try db.first("PRAGMA freelist_count") { $0.int(0) } ?? 0
                try commitFile()
                return (Int(before - after), ContinuousClock.now - start)
            } catch {
                rollBack()
                throw error
            }
        }
    }

    /// From now on every transaction throws this; nil: none.
    func refuse(_ error: StoreError?) {
        take()
        defer { lane.give() }
        refusal = error
    }

    /// Holds the write lock of the file around `body`, which uses another connection.
    func excludingWriters(_ body: () throws(StoreError) -> Void) throws(StoreError) {
        take()
        defer { lane.give() }
        guard !isClosed else { return }
        // A checkpoint comes as far as the oldest reader.
        file?.releaseReadLock()
        defer { file?.releaseReadLock() }
        try takeFile()
        defer { rollBack() }
        try body()
    }

    func close() {
        lane.take()
        defer { lane.give() }
        isClosed = true
        db.close()
    }
}
