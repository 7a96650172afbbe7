internal import CSQLite
import Glibc
public import Persist
import Synchronization

/// The local store in a SQLite file, which several processes may have open, and any SQL client beside them.
public final class SQLiteStore: LocalStore {
    public let path: String
    /// Of the store, not of this opening: the same in each process, and after a copy.
    public let identifier: String
    public let limits: StoreLimits
    public let isReadOnly: Bool

    let mount: MountState
    let writer: Writer
    let others: OtherPrograms
    let readers: Readers
    let lockFile: LockFile?
    let serving = Serving()
    let options: SQLiteStoreOptions
    let opening: Opening

    private init(
        _ opening: Opening, identifier: String, mount: MountState, writer: Writer, others: OtherPrograms,
        readers: Readers,
        lockFile: LockFile?
    ) {
        path = opening.location.path
        options = opening.options
        limits = opening.options.limits
        isReadOnly = opening.options.isReadOnly
        self.opening = opening
        self.identifier = identifier
        self.mount = mount
        self.writer = writer
        self.others = others
        self.readers = readers
        self.lockFile = lockFile
    }

    /// Opens or makes the store, takes part in it, and recovers what processes left that are gone.
    ///
    /// - Throws: with a hint for a person: what the file is instead, or what to do.
    public static func open(path: String, options: SQLiteStoreOptions) throws(StoreError) -> SQLiteStore {
        let opening = try Opening(path: path, options: options)
        do throws(StoreError) { return try open(opening, options) } catch {
            guard error.isLackOfRoom, !options.isReadOnly else { throw error }
        }
        // A store that was left on a full disk has to open, to be emptied (R13). Closing has brought the WAL over, if it
        // could, and given its blocks back.
        do throws(StoreError) { return try open(opening, options) } catch {
            guard error.isLackOfRoom,
                Reserve(path: opening.location.path + "-reserve", bytes: options.reserveBytes).spend()
            else { throw error }
            options.log("the disk is full: the store's reserve is spent")
            return try open(opening, options)
        }
    }

    private static func open(_ opening: Opening, _ options: SQLiteStoreOptions) throws(StoreError) -> SQLiteStore {
        var lockFile: LockFile?
        if !options.isReadOnly {
            lockFile = try LockFile(
                path: opening.location.path + "-lock", waitMilliseconds: options.limits.busyMilliseconds)
        }
        do throws(StoreError) {
            let store = try open(opening, options, lockFile)
            lockFile?.openGate()
            return store
        } catch {
            lockFile?.closeAsLast()
            throw error
        }
    }

    /// With the gate closed.
    private static func open(
        _ opening: Opening, _ options: SQLiteStoreOptions, _ lockFile: LockFile?
    ) throws(StoreError) -> SQLiteStore {
        let first = try opening.first { lockFile?.isAlive($0) ?? false }
        let identifier = try first.first("SELECT value FROM meta WHERE name = 'store_id'") { $0.string(0) }
        guard let identifier else { throw StoreError(.corrupt, hint: "the store has lost its identifier") }

        let mount = MountState(
            limits: options.limits, host: hostName(),
            outbox: options.outboxChanged.map { Outbox(changed: $0, writingEnded: options.writingEnded) },
            bodyFiles: options.outboxChanged == nil ? nil : opening.bodyFiles, conflictKept: options.conflictKept,
            log: options.log)
        if let outbox = mount.outbox {
            try FarSchema.create(on: first)
            outbox.firstUnsaved = try OutboxRecovery.run(on: first)
            outbox.generation = try first.first("SELECT max(gen) FROM outbox") { $0.int(0) } ?? 0
        }
        let others = OtherPrograms(path: opening.location.path)
        let writer = Writer(first, mount, others: others, waits: options.waits)
        var readers: [Connection] = []
        for _ in 0..<3 {
            let reader = try opening.another()
            reader.touches = mount.touches
            readers.append(reader)
        }
        let store = SQLiteStore(
            opening, identifier: identifier, mount: mount, writer: writer, others: others,
            readers: Readers(readers, waits: options.waits), lockFile: lockFile)
        do throws(StoreError) {
            if let lockFile {
                try store.catchUp()
                try store.enter(lockFile)
            }
            try store.serve()
        } catch {
            store.letGo()
            throw error
        }
        return store
    }

    private static func hostName() -> String {
        var name = [CChar](repeating: 0, count: 256)
        gethostname(&name, 255)
        let text = name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return String(decoding: text.filter { $0 != UInt8(ascii: "/") }, as: UTF8.self)
    }

    deinit { serving.endWorkers() }

    // MARK: The two ways in

    func read<R>(_ body: (Connection) throws(StoreError) -> R) throws(StoreError) -> R {
        if let result = try writer.readIfFree(body) { return result }
        return try readers.read(body)
    }

    /// Several statements that must see one state of the store.
    func readTogether<R>(_ body: (Connection) throws(StoreError) -> R) throws(StoreError) -> R {
        try read { db throws(StoreError) in
            try db.together { () throws(StoreError) in try body(db) }
        }
    }

    /// As `write`, for what makes room: on a full disk a checkpoint gives it the WAL's blocks, which are enough as a rule;
    /// else the reserve is spent (R13).
    func writeFreeing<R>(
        isInterruptible: Bool = true, leavesDirectories: Bool = false, isFromFar: Bool = false,
        _ body: (Transaction) throws(StoreError) -> R
    ) throws(StoreError) -> R {
        do throws(StoreError) {
            return try writeOnce(isInterruptible, leavesDirectories, isFromFar: isFromFar, isFreeing: true, body)
        } catch { guard error.isLackOfRoom else { throw error } }
        do throws(StoreError) {
            serving.checkpointer?.run()
            return try writeOnce(isInterruptible, leavesDirectories, isFromFar: isFromFar, isFreeing: true, body)
        } catch { guard error.isLackOfRoom else { throw error } }
        if serving.room?.reserve.spend() == true { options.log("the disk is full: the store's reserve is spent") }
        serving.checkpointer?.run()
        return try writeOnce(isInterruptible, leavesDirectories, isFromFar: isFromFar, isFreeing: true, body)
    }

    /// One transaction. `body` may run again: a full disk may have room after a checkpoint (R13), or when content has gone that
    /// the far side has.
    ///
    /// - Parameters:
    ///   - leavesDirectories: `body` changes no directory, but by `touch`: what is known of them stays.
    ///   - isFromFar: it brings what the far side has: nothing of it is sent there, and the observer is told.
    ///   - savesFirst: as of `Writer.write`.
    func write<R>(
        isInterruptible: Bool = true, leavesDirectories: Bool = false, isFromFar: Bool = false,
        savesFirst: Bool = true, _ body: (Transaction) throws(StoreError) -> R
    ) throws(StoreError) -> R {
        do throws(StoreError) {
            return try writeOnce(
                isInterruptible, leavesDirectories, isFromFar: isFromFar, savesFirst: savesFirst, body)
        } catch { guard error.isLackOfRoom, regainRoom() || letContentGo() else { throw error } }
        do throws(StoreError) {
            return try writeOnce(
                isInterruptible, leavesDirectories, isFromFar: isFromFar, savesFirst: savesFirst, body)
        } catch { guard error.isLackOfRoom, letContentGo() else { throw error } }
        return try writeOnce(
            isInterruptible, leavesDirectories, isFromFar: isFromFar, savesFirst: savesFirst, body)
    }

    private func writeOnce<R>(
        _ isInterruptible: Bool, _ leavesDirectories: Bool, isFromFar: Bool = false, isFreeing: Bool = false,
        savesFirst: Bool = true, _ body: (Transaction) throws(StoreError) -> R
    ) throws(StoreError) -> R {
        guard !isReadOnly else { throw StoreError(.readOnly) }
        if let checkpointer = serving.checkpointer, checkpointer.isFarBehind {
            options.waits.waitBegins()
            checkpointer.runIfFarBehind()
            options.waits.waitEnds()
        }
        defer { if serving.checkpointer?.isDue == true { serving.keeper?.wake() } }
        return try writer.write(
            isInterruptible: isInterruptible, leavesDirectories: leavesDirectories, isFromFar: isFromFar,
            isFreeing: isFreeing, savesFirst: savesFirst, body)
    }
}
