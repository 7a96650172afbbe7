import CFuse3
import CLinux
import Glibc
public import Persist

/// A thread that reads requests of the kernel and answers them, one after another.
///
/// libfuse's own loop cancels its threads at unmount, in the middle of whatever they do; this one ends only between
/// two requests. Not `Sendable`: it lives on its thread.
final class Worker {
    /// The most bytes that one READ or WRITE carries, and so of a READDIR.
    static let messageBytesMax = 1 << 20

    let service: Service
    /// Where READ and READDIR gather their answers: page-aligned, and the same for all of them.
    let buffer: UnsafeMutableRawBufferPointer
    /// The request whose operation this thread runs; nil as soon as it is to be answered, which frees it.
    var request: fuse_req_t?

    init(_ service: Service) {
        self.service = service
        buffer = .allocate(byteCount: Self.messageBytesMax, alignment: 4096)
    }

    deinit { buffer.deallocate() }

    /// Serves until the mount is gone, the session is told to end, or this thread is one too many.
    func run(_ session: OpaquePointer) {
        WakeUp.admit()
        asCurrent { serve(session) }
    }

    private func serve(_ session: OpaquePointer) {
        var message = fuse_buf()
        defer { free(message.mem) }
        let turns = service.pool.turns
        let number = turns.began(device: fuse_session_fd(session))
        defer { turns.ended(number) }
        var pace = Pace()
        while !service.pool.isEnding {
            let received = turns.read(as: number, &pace) { fuse_session_receive_buf(session, &message) }
            if received == -EINTR || received == -EAGAIN { continue }
            guard received > 0 else {
                // 0: ENODEV, the mount is gone. Anything else is nothing that another try could mend.
                if received < 0 {
                    service.refusals.write("reading from /dev/fuse: \(String(cString: strerror(-received)))")
                }
                return service.pool.end()
            }
            let head = RequestHead(UnsafeRawBufferPointer(start: message.mem, count: Int(received)))
            let isCounted = turns.received(head, by: number, &pace)
            fuse_session_process_buf(session, &message)
            turns.finished(by: number, isCounted: isCounted)
            if service.pool.retires() { return }
        }
    }

    /// Runs `body` on this thread as this worker's.
    func asCurrent(_ body: () -> Void) {
        clinux_set_thread_slot(Unmanaged.passUnretained(self).toOpaque())
        defer { clinux_set_thread_slot(nil) }
        body()
    }

    /// The worker whose thread this is; nil on threads of the store.
    static var current: Worker? {
        clinux_thread_slot().map { Unmanaged<Worker>.fromOpaque($0).takeUnretainedValue() }
    }
}

/// Lets a store that has to wait for another process do so without harm to other requests.
public struct SessionWaits: WaitObserver {
    public init() {}

    public func waitBegins() { Worker.current?.service.pool.waitBegins() }
    public func waitEnds() { Worker.current?.service.pool.waitEnds() }
    /// INTERRUPT comes for any signal. Only for a caller that is being killed is it a reason: waiting is bounded.
    public var isInterrupted: Bool {
        guard let request = Worker.current?.request else { return false }
        return Request(request).isOfTheDying
    }
}
