import Glibc
internal import Persist

/// What others did to the file is taken in before anything is written, and given to whoever tells of it.
extension Writer {
    /// How long opening a file waits for a transaction of another process. What others did before that is seen
    /// without it too, but a little later.
    private static let refreshPatience = Duration.milliseconds(250)

    /// What others did and nobody has been told, after a look for more.
    ///
    /// Not held up for long by a transaction of another process: while that goes on, nothing can be folded in.
    func giveForeign(to delivery: Delivery) throws(StoreError) {
        guard lane.tryTake() || lane.takeSoon() || takeUnlessHeldUp() else { return }
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

    private func takeUnlessHeldUp() -> Bool {
        waits.waitBegins()
        defer { waits.waitEnds() }
        return lane.takeUnlessHeldUp(for: Self.refreshPatience)
    }

    /// As `giveForeign`, where the connection is free: who has it folds in anyway.
    /// - Returns: whether there was something.
    func giveForeignIfFree(to delivery: Delivery) throws(StoreError) -> Bool {
        guard lane.tryTake() else { return false }
        defer { lane.give() }
        guard !isClosed else { return false }
        defer { file?.releaseReadLock() }
        if !isCurrent {
            try begin()
            rollBack()
        }
        delivery.add(foreign)
        defer { foreign = [] }
        return !foreign.isEmpty
    }

    /// Begins, with nothing left to fold in. That is a transaction of its own, so that it stands whatever becomes of
    /// the one that is begun here.
    func begin() throws(StoreError) {
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
        size = nil
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
}
