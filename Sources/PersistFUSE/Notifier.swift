import CFuse3
import CLinux
import Glibc
public import Persist
public import PersistVFS

/// Tells the kernel what it must forget or ask for again, and what to write back, from threads of its own that hold no lock.
///
/// A notification inside a request of the same file or directory deadlocks (fuse_lowlevel.h), so `invalidate` only
/// queues. `writeBack` waits, but not for ever: what it waits for may itself wait for a thread that serves WRITE. Before a session is attached, and after it has ended, the kernel keeps nothing and nothing is queued.
public final class Notifier: KernelNotifier, Sendable {
    private struct State {
        var queue = InvalidationQueue()
        var isAttached = false
        /// What the kernel is being told now.
        var telling: NodeID?
        var isTellingName = false
    }

    private let state = Monitor(State())
    private let threads = Monitor<[NativeThread]>([])
    private let writeBacks = Monitor(WriteBackQueue())

    /// The longest wait for the kernel. 1 s.
    private static let waitMilliseconds = 1_000

    public init() {}

    public func invalidate(_ node: NodeID, attributesOnly: Bool) {
        state.change { state in
            if state.isAttached { state.queue.invalidate(node, attributesOnly: attributesOnly) }
        }
    }

    public func invalidate(_ name: FileName, in parent: NodeID) {
        state.change { state in
            if state.isAttached { state.queue.invalidate(name, in: parent) }
        }
    }

    public func expire(_ name: FileName, in parent: NodeID) {
        state.change { state in
            if state.isAttached { state.queue.expire(name, in: parent) }
        }
    }

    public func finishInvalidating(_ node: NodeID) {
        guard state.withLock({ $0.telling == node || $0.queue.contains(node) }) else { return }
        Worker.current?.service.pool.waitBegins()
        defer { Worker.current?.service.pool.waitEnds() }
        _ = state.wait(milliseconds: Self.waitMilliseconds) { state in
            state.telling == node || state.queue.contains(node) ? nil : true
        }
    }

    /// Returns once the kernel has forgotten all that it was told to; after a second at the latest. With no lock held.
    public func finishInvalidating() {
        Worker.current?.service.pool.waitBegins()
        defer { Worker.current?.service.pool.waitEnds() }
        _ = state.wait(milliseconds: Self.waitMilliseconds) { state in
            state.queue.isEmpty && state.telling == nil && !state.isTellingName ? true : nil
        }
    }

    public func writeBack(_ node: NodeID, _ range: Range<UInt64>) -> Bool {
        guard let ticket = writeBacks.change({ $0.ask(node, range) }) else { return false }
        Worker.current?.service.pool.waitBegins()
        defer { Worker.current?.service.pool.waitEnds() }
        let isDone = writeBacks.wait(milliseconds: Self.waitMilliseconds) { $0.isDone(ticket) ? true : nil }
        if isDone == nil { writeBacks.withLock { $0.forget(ticket) } }
        return isDone ?? false
    }

    /// Between these two no name of `parent` is told.
    func asked(_ parent: NodeID) {
        state.withLock { state in
            if state.isAttached { state.queue.asked(parent) }
        }
    }

    func answered(_ parent: NodeID) {
        let areReady = state.withLock { $0.queue.answered(parent) }
        if areReady { state.change { _ in } }
    }

    /// Starts to tell the kernel of `session`. Once in the life of a notifier.
    ///
    /// - Returns: false where no thread could be started.
    func attach(_ session: OpaquePointer) -> Bool {
        // An address, so that the threads may have it: libfuse's notify functions may be called from any thread.
        let address = UInt(bitPattern: session)
        state.change { $0.isAttached = true }
        let inodes = NativeThread.start("inval-inode") { [self] in
            while let inode = nextInode() {
                // ENOENT: the kernel does not know the node. Offset 0 and length 0: all pages, -1: attributes only.
                _ = fuse_lowlevel_notify_inval_inode(
                    OpaquePointer(bitPattern: address), inode.node.rawValue, inode.attributesOnly ? -1 : 0, 0)
                state.change { $0.telling = nil }
            }
        }
        let entries = NativeThread.start("inval-entry") { [self] in
            while let told = nextEntry() {
                Self.tell(told.entry, drops: told.drops, OpaquePointer(bitPattern: address))
                state.change { $0.isTellingName = false }
            }
        }
        writeBacks.change { $0.begin() }
        let pages = NativeThread.start("write-back") { [self] in
            while let asked = writeBacks.wait({ $0.next() }) {
                // Drops pages, and writes those that are dirty before.
                _ = fuse_lowlevel_notify_inval_inode(
                    OpaquePointer(bitPattern: address), asked.node.rawValue, off_t(clamping: asked.range.lowerBound),
                    off_t(clamping: asked.range.upperBound - asked.range.lowerBound))
                writeBacks.change { $0.done(asked.ticket) }
            }
        }
        threads.withLock { $0 += [inodes, entries, pages].compactMap(\.self) }
        return inodes != nil && entries != nil && pages != nil
    }

    /// Ends its threads, and waits for them. What is still queued is dropped: the kernel forgets all at unmount.
    ///
    /// While requests are served, or the mount is gone: else a name whose directory has a request would never end.
    func detach() {
        state.change { state in
            state.isAttached = false
            state.queue = InvalidationQueue()
        }
        writeBacks.change { $0.end() }
        let ended = threads.withLock { threads in
            defer { threads = [] }
            return threads
        }
        for thread in ended { thread.join() }
    }

    /// What led elsewhere is dropped: a LOOKUP whose answer is on its way just then may have the old one, and would make a name
    /// that is only expired last.
    private static func tell(_ entry: InvalidationQueue.Entry, drops: Bool, _ session: OpaquePointer?) {
        entry.name.bytes.withUnsafeBytes { name in
            if drops {
                _ = fuse_lowlevel_notify_inval_entry(
                    session, entry.parent.rawValue, name.bindMemory(to: CChar.self).baseAddress, name.count)
            } else {
                _ = clinux_fuse_expire_entry(
                    fuse_session_fd(session), entry.parent.rawValue, name.baseAddress, UInt32(name.count))
            }
        }
    }

    private func nextInode() -> InvalidationQueue.Inode? {
        state.wait { state -> InvalidationQueue.Inode?? in
            guard state.isAttached else { return .some(nil) }
            guard let inode = state.queue.nextInode() else { return nil }
            state.telling = inode.node
            return inode
        }
    }

    private func nextEntry() -> (entry: InvalidationQueue.Entry, drops: Bool)? {
        state.wait { state -> (entry: InvalidationQueue.Entry, drops: Bool)?? in
            guard state.isAttached else { return .some(nil) }
            guard let entry = state.queue.nextEntry() else { return nil }
            state.isTellingName = true
            return entry
        }
    }
}
