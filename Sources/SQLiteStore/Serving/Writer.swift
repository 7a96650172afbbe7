import Glibc
internal import Persist

/// The connection that writes: one transaction at a time in this process, and one of all processes.
final class Writer: @unchecked Sendable {  // its state is used with the lock held
    let db: Connection
    private let mount: MountState
    private let waits: any WaitObserver
    private let lane = WriterLane()
    /// nil where nobody else can write.
    let index: WALIndex?
    /// What others had done, and nobody has been told yet.
    private var foreign: [StoreChange] = []
    private var isClosed = false
    /// Why nothing may be written any more.
    private var refusal: StoreError?
    private var share = LockShare()
    private let others: OtherPrograms

    init(_ db: Connection, _ mount: MountState, others: OtherPrograms, waits: any WaitObserver) {
        self.others = others
        self.db = db
        self.mount = mount
        self.waits = waits
        index = WALIndex(db)
        db.cache = NodeCache()
        db.patience.whenHeldUp = { [lane] isHeldUp in lane.isHeldUp(isHeldUp) }
    }

    static let closed = StoreError(.io, hint: "the store has been closed")

    /// How long opening a file waits for a transaction of another process. What others did before that is seen
    /// without it too, but a little later.
    private static let refreshPatience = Duration.milliseconds(250)

    private func take() {
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
    private var isCurrent: Bool { index?.isCurrent ?? false }

    private func noteCurrency() { db.cache?.isCurrent = isCurrent }

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
    /// - Parameter leavesDirectories: `body` changes no directory, but by `touch`.
    func write<R>(
        isInterruptible: Bool, leavesDirectories: Bool = false, _ body: (Transaction) throws(StoreError) -> R
    ) throws(StoreError) -> R {
        try takeToWrite(isInterruptible: isInterruptible)
        defer { lane.give() }
        guard !isClosed else { throw Self.closed }
        if let refusal { throw refusal }
        db.patience.isInterruptible = isInterruptible
        defer { db.patience.isInterruptible = false }
        try begin()
        let transaction = Transaction(db, mount, now: .now)
        db.cache?.isCurrent = leavesDirectories
        defer { if leavesDirectories { db.cache?.forgetFiles() } else { db.cache?.forgetAll() } }
        return try commit(transaction, body)
    }

    /// What others did and nobody has been told, after a look for more.
    ///
    /// Not held up for long by a transaction of another process: while that goes on, nothing can be folded in.
    func giveForeign(to delivery: Delivery) throws(StoreError) {
        guard lane.takeUnlessHeldUp(for: Self.refreshPatience) else { return }
        defer { lane.give() }
        guard !isClosed else { return }
        if !isCurrent {
            db.patience.limit = Self.refreshPatience
            defer { db.patience.limit = nil }
            do throws(StoreError) {
                try begin()
                rollBack()
            } catch {
                guard error.kind == .timedOut else { throw error }
            }
        }
        delivery.add(foreign)
        foreign = []
    }

    /// As `giveForeign`, where the connection is free: who has it folds in anyway.
    /// - Returns: whether there was something.
    func giveForeignIfFree(to delivery: Delivery) throws(StoreError) -> Bool {
        guard lane.tryTake() else { return false }
        defer { lane.give() }
        guard !isClosed else { return false }
        if !isCurrent {
            try begin()
            rollBack()
        }
        delivery.add(foreign)
        defer { foreign = [] }
        return !foreign.isEmpty
    }

    /// What is remembered of the file may be wrong.
    private func forget() {
        db.cache?.isCurrent = false
        db.cache?.forgetAll()
        mount.mayHoldRejected = true
    }

    /// Begins, with nothing left to fold in. That is a transaction of its own, so that it stands whatever becomes of
    /// the one that is begun here.
    private func begin() throws(StoreError) {
        try takeFile()
        do throws(StoreError) {
            while true {
                guard !isCurrent else { return }
                guard try fold(atOnce: Transaction.foldedAtOnce).isWritten else { return }
                try takeFile()
            }
        } catch {
            rollBack()
            forget()
            throw error
        }
    }

    /// One round, which commits if it wrote anything.
    private func fold(atOnce most: Int64) throws(StoreError) -> (isWritten: Bool, isMore: Bool) {
        forget()
        let transaction = Transaction(db, mount, now: .now)
        let (isWritten, isMore) = try transaction.foldIn(atOnce: most)
        try transaction.writeFeed()
        if isWritten {
            try commitFile(foldsIn: !isMore)
        } else {
            index?.foundNothing()
        }
        transaction.committed()
        foreign += transaction.foreign
        // Cheaper to look again at everything than at each of so many.
        if foreign.count > 8_192 { foreign = [.everything] }
        return (isWritten, isMore)
    }

    /// A piece of what others did, in a transaction of its own.
    /// - Returns: whether there is more.
    func foldSome(atOnce most: Int64) throws(StoreError) -> Bool {
        take()
        defer { lane.give() }
        guard !isClosed else { throw Self.closed }
        try takeFile()
        do throws(StoreError) {
            let isMore = isCurrent ? false : try fold(atOnce: most).isMore
            rollBack()
            return isMore
        } catch {
            rollBack()
            forget()
            throw error
        }
    }

    private func commit<R>(
        _ transaction: Transaction, _ body: (Transaction) throws(StoreError) -> R
    ) throws(StoreError) -> R {
        do throws(StoreError) {
            let result = try body(transaction)
            try transaction.writeFeed()
            try commitFile()
            transaction.committed()
            // What a dead mount had kept, published here: to this mount it is news.
            foreign += transaction.foreign
            return result
        } catch {
            rollBack()
            forget()
            throw error
        }
    }

    private func rollBack() {
        guard db.isInTransaction else { return }
        // Fails only where SQLite has rolled back by itself.
        _ = try? db.run("ROLLBACK")
        giveFile()
    }

    /// Takes the write lock of the file, which other programs get their share of.
    private func takeFile() throws(StoreError) {
        // Alone, it need not even look at the clock.
        let isAlone = others.count == 0
        if !isAlone, let pause = share.pause(.now) { usleep(UInt32(pause / .microseconds(1))) }
        try db.run("BEGIN IMMEDIATE")
        if !isAlone { share.take(.now) }
    }

    private func giveFile() {
        if share.isTaken { share.give(.now, others: others.count) }
    }

    /// - Parameter foldsIn: with this transaction everything of others has been folded in.
    private func commitFile(foldsIn: Bool = false) throws(StoreError) {
        func commit() throws(StoreError) { try db.run("COMMIT") }
        if let index { try index.committing(foldsIn: foldsIn, commit) } else { try commit() }
        giveFile()
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
