import CFuse3
import Glibc
import Persist
public import PersistVFS
import Synchronization

/// A filesystem that is mounted: from `init`, which mounts it, to the end of `run`, which serves it.
///
/// `run` ends when the mount is gone: by umount(8), fusermount3 -u, `unmount`, or an abort of the connection by
/// fusectl; and where files are open still, `unmount` cuts them off. What they held unpublished is then the
/// filesystem's to publish (`FileSystem.shutdown`).
///
/// `@unchecked Sendable`: `session` is libfuse's, whose functions used here may be called by any thread; it is
/// destroyed in `deinit`, when nobody runs any more.
public final class Session: @unchecked Sendable {
    enum Phase { case mounted, running, ended }

    public let mountPoint: String
    let service: Service
    let notifier: Notifier
    let session: OpaquePointer
    /// Of this mount, to tell it from another at the same place.
    let device: String?
    let phase = Mutex(Phase.mounted)

    /// Makes the session and mounts it. Programs that enter the mount wait until `run` serves them.
    ///
    /// - Parameter notifier: the one that `fileSystem` was given.
    public init(
        fileSystem: FileSystem, notifier: Notifier, mountPoint: String, options: SessionOptions, log: any Log
    ) throws(SessionError) {
        try SessionError.check(mountPoint: mountPoint)
        guard let path = realpath(mountPoint, nil) else {
            throw .mountPointFailed(mountPoint, errno: Glibc.errno)
        }
        defer { free(path) }
        self.mountPoint = String(cString: path)
        self.notifier = notifier
        service = Service(
            fileSystem: fileSystem, notifier: notifier, log: log,
            workers: Self.workers(cores: sysconf(Int32(_SC_NPROCESSORS_ONLN))), absentMax: options.absentMax)
        session = try Self.mount(service, self.mountPoint, options)
        device = MountTable.device(on: self.mountPoint)
        service.mounted(as: device)
        LibfuseMessages.send(to: service.refusals)
    }

    deinit {
        // Ran or not: nobody serves the mount any more, and nobody may be left waiting for it.
        detachMount()
        LibfuseMessages.send(to: nil)
        fuse_session_destroy(session)
    }

    /// With one thread a create takes twice as long, with more than there are cores an eighth longer.
    static func workers(cores: Int) -> Int { min(max(cores, 2), 8) }

    /// Serves the mount until it is gone; joins all its threads. Once only: a second call returns at once.
    public func run() {
        let isFirst = phase.withLock { phase in
            defer { if phase == .mounted { phase = .running } }
            return phase == .mounted
        }
        guard isFirst else { return }
        let isNotifying = notifier.attach(session)
        let session = UInt(bitPattern: session)
        let service = service
        let isServed = isNotifying && service.pool.run { Worker(service).run(OpaquePointer(bitPattern: session)!) }
        if !isServed, !service.pool.isEnding {
            service.refusals.write("\(mountPoint): no thread could be started; unmounting")
        }
        service.absent.end()
        phase.withLock { $0 = .ended }
        detachMount()
        notifier.detach()
    }

    private static func mount(
        _ service: Service, _ mountPoint: String, _ options: SessionOptions
    ) throws(SessionError) -> OpaquePointer {
        LibfuseMessages.gather()
        var words: String?
        defer { if words == nil { _ = LibfuseMessages.gathered() } }
        func said() -> String {
            let said = LibfuseMessages.gathered()
            words = said
            return said
        }
        var operations = Callbacks.table()
        let session = withArguments(options.arguments) { arguments in
            fuse_session_new(
                &arguments, &operations, MemoryLayout<fuse_lowlevel_ops>.size,
                Unmanaged.passUnretained(service).toOpaque())
        }
        guard let session else { throw .badOption(said()) }
        guard fuse_session_mount(session, mountPoint) == 0 else {
            let said = said()
            fuse_session_destroy(session)
            throw .mountFailed(said.isEmpty ? "fusermount3 said why on standard error" : said)
        }
        let failure = DeviceIO.install(in: session)
        guard failure == 0 else {
            fuse_session_unmount(session)
            fuse_session_destroy(session)
            throw .mountFailed(String(cString: strerror(failure)))
        }
        return session
    }

    private static func withArguments<R>(_ words: [String], _ body: (inout fuse_args) -> R) -> R {
        var pointers: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        return pointers.withUnsafeMutableBufferPointer { pointers in
            var arguments = fuse_args(argc: Int32(words.count), argv: pointers.baseAddress, allocated: 0)
            defer { fuse_opt_free_args(&arguments) }
            return body(&arguments)
        }
    }
}
