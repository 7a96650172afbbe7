import Glibc
internal import Persist

extension SQLiteStore {
    /// How long what lost its name, or its last reference, waits for other mounts to say that they use it: much
    /// longer than they need to look (25 ms).
    static let lingerNanoseconds: Int64 = 2_000_000_000

    /// Folds in what other programs wrote while nobody had the store open: a million rows in minutes.
    ///
    /// In pieces, with checkpoints between them: neither the WAL grows with it, nor how long others wait. Where there
    /// are none, the pieces are larger: each writes the pages of an index that lie all over it.
    func catchUp() throws(StoreError) {
        let sync = WALSync(try opening.another(), directory: Location.split(path).directory)
        let reserve = Reserve(path: path + "-reserve", bytes: options.reserveBytes)
        let room = DiskRoom(path: path, reserve: reserve, walBytesMax: options.walBytesMax)
        let checkpointer = try Checkpointer(
            try opening.another(), pin: try opening.another(), writer: writer, sync: sync, room: room,
            log: options.log)
        serving.room = room
        writer.room = room
        serving.walSync = sync
        serving.checkpointer = checkpointer
        others.look()
        var isTold = false
        while try writer.foldSome(atOnce: others.count == 0 ? 20_000 : Transaction.foldedAtOnce) {
            if !isTold { options.log("taking in what other programs have written") }
            isTold = true
            if checkpointer.isDue { checkpointer.run() }
            others.look()
        }
    }

    /// Recovers what others left, and starts the threads: one looks for what others do, one does what can wait.
    func serve() throws(StoreError) {
        if let lockFile {
            try recoverDead(lockFile)
            try takeUpBodies()
            if serving.room?.keep() == false {
                options.log("no room for all of \(path)-reserve: a full disk may be hard to empty")
            }
            mount.housekeepingIsDue()
            serving.keeper = Worker("persist-keep") { [weak self] in self?.keepHouse() ?? 1_000 }
        }
        serving.whereabouts = Whereabouts(path: path)
        serving.watcher = Worker("persist-watch") { [weak self] in self?.watch() ?? 1_000 }
        serving.startWorkers()
    }

    /// - Returns: milliseconds until the next look (R9: within 50).
    private func watch() -> Int {
        if serving.looking.isDue() {
            others.look()
            lookForFile()
            if let free = serving.whereabouts?.freeBytes() { serving.room?.look(free: free) }
        }
        do throws(StoreError) {
            let isFound = isReadOnly ? try lookReadOnly() : try writer.giveForeignIfFree(to: serving.delivery)
            serving.delivery.tell()
            return isFound ? 5 : 20
        } catch {
            options.log("looking for changes of others: \(error)")
            return 1_000
        }
    }

    /// What can wait: checkpoints, and nodes and bodies that nobody has any more.
    /// - Returns: milliseconds until the next time.
    private func keepHouse() -> Int {
        if case .gone = serving.whereabouts?.place { return 1_000 }
        if let checkpointer = serving.checkpointer, checkpointer.isDue { checkpointer.run() }
        do throws(StoreError) {
            let orphans = mount.takeOrphans()
            if !orphans.isEmpty {
                try writeFreeing(isInterruptible: false, leavesDirectories: true) { tx throws(StoreError) in
                    for id in orphans { try tx.letGo(id) }
                }
            }
            if mount.takeHousekeeping() { try collect() }
            if serving.housekeeping.isDue() {
                if let lockFile, hasPeers { try recoverDead(lockFile) }
                saveTouches()
                try trimFeed()
                try tidyBodies()
                serving.room?.keep()
                if try isLargelyFree() { serving.shrinker.begin() }
            }
        } catch {
            mount.housekeepingIsDue()
            options.log("housekeeping: \(error)")
            return 2_000
        }
        return shrinkALittle() ? 5 : 100
    }

    /// Where there is no room for it, it waits on.
    func saveTouches() {
        mount.touches.tidy()
        guard !mount.touches.areSaved else { return }
        try? write(isInterruptible: false, leavesDirectories: true) { _ in }
    }

    /// Everybody has read it long ago; who has not finds that out by the gap, before the last row: that stays.
    private func trimFeed() throws(StoreError) {
        let oldest = Timestamp.now.nanoseconds - 60_000_000_000
        let isDue = try read { db throws(StoreError) in
            try db.exists(
                """
                SELECT 1 FROM (SELECT min(seq) AS first, time FROM feed)
                    WHERE time < ? AND first < (SELECT max(seq) FROM feed)
                """, oldest)
        }
        guard isDue else { return }
        try writeFreeing(isInterruptible: false, leavesDirectories: true) { tx throws(StoreError) in
            _ = try tx.db.run(
                "DELETE FROM feed WHERE time < ? AND seq < (SELECT max(seq) FROM feed)", oldest)
        }
    }

    public func makeRoom() {
        guard !isReadOnly else { return }
        serving.room?.reserve.remove()
        do throws(StoreError) {
            try collect()
        } catch {
            options.log("housekeeping: \(error)")
        }
        serving.checkpointer?.run()
    }

    /// What others may use again: bodies that wait to be collected, and all that is in the WAL.
    /// - Returns: whether there was anything.
    func regainRoom() -> Bool {
        guard let checkpointer = serving.checkpointer else { return false }
        var hasCollected = false
        do throws(StoreError) {
            if try read({ db throws(StoreError) in try db.exists("SELECT 1 FROM garbage LIMIT 1") }) {
                try collect()
                hasCollected = true
            }
            if try giveSlotsBack() { hasCollected = true }
        } catch {
            options.log("housekeeping: \(error)")
        }
        return checkpointer.runIfAny() || hasCollected
    }

    private func collect() throws(StoreError) {
        while serving.isOpen {
            let (isLingering, isMore) = try writeFreeing(isInterruptible: false, leavesDirectories: true) {
                tx throws(StoreError) in
                let isLingering = try tx.collectLingering(Self.lingerNanoseconds)
                return (isLingering, try tx.collectGarbage(linger: Self.lingerNanoseconds))
            }
            guard isMore else {
                try giveSlotsBack()
                let isWaiting = try read { db throws(StoreError) in try db.exists("SELECT 1 FROM garbage LIMIT 1") }
                if isLingering || isWaiting { mount.housekeepingIsDue() }
                return
            }
        }
    }

    /// Mounts whose process is gone.
    private func recoverDead(_ lockFile: LockFile) throws(StoreError) {
        let others = try read { db throws(StoreError) in
            try db.all("SELECT id FROM mount WHERE id <> ?", mount.id, read: { $0.int(0) })
        }
        for other in others where !lockFile.isAlive(other) {
            try write(isInterruptible: false) { tx throws(StoreError) in
                try tx.recover(other)
                mount.housekeepingIsDue()
            }
        }
    }

    /// Is no mount any more. What was kept is published, as recovery would do it.
    /// - Returns: whether nobody else has the store open.
    func leave() -> Bool {
        guard let lockFile else { return false }
        guard lockFile.closeGate(waitMilliseconds: limits.busyMilliseconds) else { return false }
        do throws(StoreError) {
            let isLast = try writer.write(isInterruptible: false) { tx throws(StoreError) in
                try tx.recover(mount.id)
                try tx.endOutbox()
                try tx.endBodies()
                return try !tx.db.exists("SELECT 1 FROM mount LIMIT 1")
            }
            lockFile.leave(mount.id)
            return isLast
        } catch {
            // Its row and its work stay: the next process recovers them.
            options.log("closing the store: \(error)")
            return false
        }
    }
}
