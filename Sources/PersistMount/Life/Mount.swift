internal import Glibc
internal import Linux
public import Persist
internal import PersistFUSE
internal import PersistVFS
internal import SQLiteStore
internal import WriteBackCache

/// One store at one directory, from opening the file to leaving one file again.
public struct Mount: Sendable {
    public let reference: StoreReference
    public let options: MountOptions
    /// Of `StoreReference.Source.adapter`.
    let adapter: (any PersistAdapter)?

    public init(_ reference: StoreReference, options: MountOptions = MountOptions()) {
        self.reference = reference
        self.options = options.completed(by: reference)
        adapter = nil
    }

    /// A mount of a far side of your own, with a cache on this machine.
    ///
    /// - Parameters:
    ///   - adapter: its four methods, and what it conforms to beside `PersistAdapter`.
    ///   - name: tells this far side from others, as its cache goes by it: what waits there to be sent is sent by the
    ///     next mount of that name. nil: the name of the adapter's type, with its module's.
    public init(
        _ adapter: any PersistAdapter, name: String? = nil, options: MountOptions = MountOptions()
    ) {
        reference = StoreReference(adapter: name ?? Self.name(of: adapter))
        self.options = options
        self.adapter = adapter
    }

    /// The same in each process: of a type that is private the runtime tells also where it lies in memory.
    static func name(of adapter: any PersistAdapter) -> String {
        let name = String(reflecting: type(of: adapter))
        guard name.contains("(unknown context at ") else { return name }
        return name.split(separator: ".").filter { !$0.hasPrefix("(unknown context at ") }.joined(separator: ".")
    }

    /// Mounts at `directory` and serves it until it is unmounted, by whomever, or a signal ends the process.
    ///
    /// Blocks the calling thread. Call it before the process has other threads: it blocks the ending signals in this
    /// one, and threads inherit that. One mount a process.
    /// - Parameter usable: is called once, by a thread of its own, with a line for the user and what they are to be warned
    ///   of, when the mount answers; where it returns false, the mount is taken away again.
    /// - Returns: whether the store's file is complete where it should be, and nothing was lost; else the log says what is
    ///   wrong.
    /// - Throws: before `usable` was called.
    public func run(
        at directory: String, log: MountLog, usable: @escaping @Sendable (String, _ warnings: [String]) -> Bool
    ) throws(MountFailure) -> Bool {
        // First, while this is the only thread: others inherit what is blocked, and make files by the umask.
        Signals.block()
        Memory.givesBack()
        return try serve(at: directory, log: log, isWholeProcess: true, aborter: Aborter(), usable: usable)
    }

    /// - Parameter isWholeProcess: the process is there for nothing else.
    func serve(
        at directory: String, log: MountLog, isWholeProcess: Bool, aborter: Aborter?,
        usable: @escaping @Sendable (String, _ warnings: [String]) -> Bool
    ) throws(MountFailure) -> Bool {
        Signals.awaitsChildren()
        let owner = options.shownOwner
        let point = try MountPoint.prepare(directory, for: try localPath(), allowsEntries: options.nonEmpty)
        let hook = options.conflictCommand.map { ConflictHook($0, log: log) }
        defer { hook?.end() }
        var storeOptions = storeOptions(log: log.log)
        if let hook { storeOptions.conflictKept = { copy in hook.noted(copy) } }
        let opened = try OpenedStore.open(
            reference, adapter, storeOptions, cacheOptions: cacheOptions(log: log.log),
            cacheParent: options.cacheDirectory)
        let store = opened.store
        defer { opened.close() }
        // A daemon pins no directory, and relative paths mean nothing to it any more.
        if isWholeProcess { _ = chdir("/") }

        let notifier = Notifier()
        let report = StatusReport(opened: opened, mount: self, point: point, log: log, notifier: notifier)
        var fileSystemOptions = FileSystemOptions(uid: owner.uid, gid: owner.gid, umask: owner.umask)
        fileSystemOptions.isReadOnly = options.isReadOnly || store.isReadOnly
        fileSystemOptions.checksPermissions = !options.kernelChecksPermissions
        fileSystemOptions.openFilesMax = options.openFilesMax
        fileSystemOptions.unpublishedBytesMax = options.unpublishedBytesMax
        fileSystemOptions.fsyncReachesFarSide = options.fsyncReachesFarSide
        let fileSystem = FileSystem(
            store: store, options: fileSystemOptions, kernel: notifier, log: log, clock: { TimeText.currentTime() },
            far: opened.cache, controls: report.controls)
        let session = try start(fileSystem, notifier, at: point, isReadOnly: fileSystemOptions.isReadOnly, log)
        aborter?.watch(session)
        point.claim.end()
        (isWholeProcess ? Signals.whenEnding : Signals.whenCaught) { number in
            log.note("signal \(number): unmounting \(point.path)")
            session.unmount()
        }
        let access = fileSystemOptions.isReadOnly ? ", read-only" : ""
        let line =
            "\(ShownText.line(reference.shown)) is mounted at \(ShownText.line(point.path)) (\(adapterTitle)\(access))"
        // In the foreground the user reads it once.
        if log.path != nil { log.note(line) }
        let warnings = log.lastErrors.map(\.line)
        opened.cache?.run()
        // On another thread: umount(2) waits until the mount is served.
        let firstWord = FirstWord(opened)
        let telling = OwnThread.start("tell") {
            // In the foreground the log is there to be read.
            let trouble = log.path == nil ? nil : firstWord.trouble()
            if !usable(line, warnings + (trouble.map { [$0] } ?? [])) { session.unmount() }
        }
        hook?.begin(at: point.path)
        let retrying = Retrying()
        let retries = retrying.begin(fileSystem)
        session.run()
        firstWord.end()
        telling.join()
        retrying.end()
        retries.join()
        hook?.end()
        let isPublished = fileSystem.shutdown()
        opened.finish {
            var status = report.status()
            status.isUnmounted = true
            return status
        } log: {
            log.note($0)
        }
        log.note("unmounted \(point.path)")
        let isWhole = isPublished && store.farewell == nil
        if !isWhole && isWholeProcess { DrainNote()?.add(log.lastErrors, to: report.status) }
        return isWhole
    }

    /// As status.json has it.
    var adapterName: String {
        switch reference.source {
        case .sqlite: "sqlite"
        case .exec: "exec"
        case .s3: "s3"
        case .adapter: "custom"
        }
    }

    private var adapterTitle: String {
        switch reference.source {
        case .sqlite: "SQLite"
        case .s3: "S3"
        case .exec, .adapter: adapterName
        }
    }

    /// The file of the local store.
    private func localPath() throws(MountFailure) -> String {
        switch reference.source {
        case .sqlite: reference.path
        case .exec, .s3, .adapter:
            try CacheDirectory.place(for: reference.identity, in: options.cacheDirectory) + "/cache.db"
        }
    }

    func cacheOptions(log: @escaping @Sendable (String) -> Void) -> WriteBackCacheOptions {
        var found = WriteBackCacheOptions()
        found.cacheBytesMax = options.cacheBytesMax
        found.freeBytesMin = options.freeBytesMin
        if let milliseconds = options.settleMilliseconds { found.settleMilliseconds = milliseconds }
        if let milliseconds = options.refreshMilliseconds { found.refreshMilliseconds = milliseconds }
        found.log = log
        // What it waits for is the network.
        if case .s3 = reference.source { (found.uploadsMax, found.uploadBytesMax) = (32, 64 << 20) }
        found.dirtyBytesMax = options.dirtyBytesMax
        found.waitMilliseconds = options.farWaitMilliseconds
        return found
    }

    func storeOptions(log: @escaping @Sendable (String) -> Void) -> SQLiteStoreOptions {
        var found = SQLiteStoreOptions()
        found.limits = options.limits
        if !options.setsBusyMilliseconds, let milliseconds = reference.busyMilliseconds {
            found.limits.busyMilliseconds = milliseconds
        }
        // Of a cache, only the filesystem is: it takes over what the far side has, and sends what waits in it.
        if !reference.hasFarSide { found.isReadOnly = options.isReadOnly }
        found.adopts = options.adopts
        found.reserveBytes = options.reserveBytes
        found.walBytesMax = Int(options.walBytesMax)
        found.waits = SessionWaits()
        found.log = log
        return found
    }

    private func start(
        _ fileSystem: FileSystem, _ notifier: Notifier, at point: MountPoint, isReadOnly: Bool, _ log: MountLog
    ) throws(MountFailure) -> Session {
        let sessionOptions = SessionOptions(
            fsname: options.fsname ?? reference.name ?? reference.shown, allowOther: options.allowOther,
            defaultPermissions: options.kernelChecksPermissions, isReadOnly: isReadOnly, extra: options.kernelOptions)
        do throws(SessionError) {
            return try Session(
                fileSystem: fileSystem, notifier: notifier, mountPoint: point.path, options: sessionOptions, log: log)
        } catch {
            throw Self.failure(error, at: point)
        }
    }

    private static func failure(_ error: SessionError, at point: MountPoint) -> MountFailure {
        let status: ExitStatus =
            switch error {
            case .badOption: .usage
            case .mountPointMissing, .mountPointNotDirectory, .mountPointDead, .mountPointFailed: .mountPoint
            case .noDevice, .deviceDenied, .noHelper, .mountFailed: .failed
            }
        return MountFailure(ShownText.line(point.path), error.description, status: status)
    }
}
