import CFuse3
import Persist
import PersistVFS
import Synchronization

/// What libfuse's callbacks work with: the userdata of a session.
final class Service: Sendable {
    let fileSystem: FileSystem
    let notifier: Notifier
    let refusals: RefusalLog
    let pool: WorkerPool
    let logs = LogQueue()
    let absent = AbsentRequests()
    /// How long a request waits for what is not on this machine.
    let absentMax: Duration
    private let handshake = Mutex(Handshake())
    private let isAgreed = Atomic(false)
    private let mapsDirectFiles = Atomic(false)
    private let device = Mutex<String?>(nil)

    init(fileSystem: FileSystem, notifier: Notifier, log: any Log, workers: Int, absentMax: Duration) {
        self.absentMax = absentMax
        self.fileSystem = fileSystem
        self.notifier = notifier
        refusals = RefusalLog(log)
        pool = WorkerPool(regular: workers)
    }

    /// Whether a file that was opened with direct I/O can be mapped shared (Linux 6.6 and later).
    ///
    /// New files are opened so then: their writes do without the question for `security.capability` that the kernel
    /// asks before the first write through its cache, one round trip of three.
    var canMapDirectFiles: Bool { mapsDirectFiles.load(ordering: .relaxed) }

    /// Whether messages are still to be shown to the handshake.
    var isShakingHands: Bool { !isAgreed.load(ordering: .relaxed) }

    func received(_ message: UnsafeRawBufferPointer) { handshake.withLock { $0.received(message) } }

    func sending(header: UnsafeRawBufferPointer, body: UnsafeMutableRawBufferPointer) {
        let (isDone, agreed) = handshake.withLock { handshake in
            handshake.sending(header: header, body: body)
            return (handshake.isDone, handshake.agreed)
        }
        guard isDone else { return }
        mapsDirectFiles.store(agreed & Handshake.directIOAllowsMapping != 0, ordering: .relaxed)
        isAgreed.store(true, ordering: .relaxed)
    }

    /// The device number of the mount is known.
    func mounted(as device: String?) { self.device.withLock { $0 = device } }

    /// A message has gone to the kernel; after the handshake's the mount is as it was agreed.
    func sent() {
        guard !isShakingHands, let device = device.withLock({ $0 }) else { return }
        KernelReadAhead.raise(of: device)
    }

    /// The service behind a `userdata` of libfuse. The session keeps it alive.
    static func of(_ userdata: UnsafeMutableRawPointer?) -> Service {
        Unmanaged<Service>.fromOpaque(userdata!).takeUnretainedValue()
    }
}
