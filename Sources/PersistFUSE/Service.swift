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
    private let handshake = Mutex(Handshake())
    private let isAgreed = Atomic(false)

    init(fileSystem: FileSystem, notifier: Notifier, log: any Log, workers: Int) {
        self.fileSystem = fileSystem
        self.notifier = notifier
        refusals = RefusalLog(log)
        pool = WorkerPool(regular: workers)
    }

    /// What the kernel can do, by the flags of its INIT; zero before it came.
    var kernelOffers: UInt64 { handshake.withLock { $0.offered } }

    /// Whether messages are still to be shown to the handshake.
    var isShakingHands: Bool { !isAgreed.load(ordering: .relaxed) }

    func received(_ message: UnsafeRawBufferPointer) { handshake.withLock { $0.received(message) } }

    func sending(header: UnsafeRawBufferPointer, body: UnsafeMutableRawBufferPointer) {
        let isDone = handshake.withLock { handshake in
            handshake.sending(header: header, body: body)
            return handshake.isDone
        }
        if isDone { isAgreed.store(true, ordering: .relaxed) }
    }

    /// The service behind a `userdata` of libfuse. The session keeps it alive.
    static func of(_ userdata: UnsafeMutableRawPointer?) -> Service {
        Unmanaged<Service>.fromOpaque(userdata!).takeUnretainedValue()
    }
}
