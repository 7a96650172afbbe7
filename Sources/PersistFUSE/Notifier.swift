import CFuse3
import Glibc
public import Persist
public import PersistVFS

/// Tells the kernel what it must forget, from two threads of its own that hold no lock.
///
/// A notification inside a request of the same file or directory deadlocks (fuse_lowlevel.h), so `invalidate` only
/// queues. Before a session is attached, and after it has ended, the kernel keeps nothing and nothing is queued.
public final class Notifier: KernelNotifier, Sendable {
    private struct State {
        var queue = InvalidationQueue()
        var isAttached = false
    }

    private let state = Monitor(State())
    private let threads = Monitor<[NativeThread]>([])

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
            while let inode = next({ $0.nextInode() }) {
                // ENOENT: the kernel does not know the node. Offset 0 and length 0: all pages, -1: attributes only.
                _ = fuse_lowlevel_notify_inval_inode(
                    OpaquePointer(bitPattern: address), inode.node.rawValue, inode.attributesOnly ? -1 : 0, 0)
            }
        }
        let entries = NativeThread.start("inval-entry") { [self] in
            while let entry = next({ $0.nextEntry() }) {
                entry.name.bytes.withUnsafeBytes { name in
                    _ = fuse_lowlevel_notify_inval_entry(
                        OpaquePointer(bitPattern: address), entry.parent.rawValue,
                        name.bindMemory(to: CChar.self).baseAddress, name.count)
                }
            }
        }
        threads.withLock { $0 += [inodes, entries].compactMap(\.self) }
        return inodes != nil && entries != nil
    }

    /// Ends both threads, and waits for them. What is still queued is dropped: the kernel forgets all at unmount.
    ///
    /// While requests are served, or the mount is gone: else a name whose directory has a request would never end.
    func detach() {
        state.change { state in
            state.isAttached = false
            state.queue = InvalidationQueue()
        }
        let ended = threads.withLock { threads in
            defer { threads = [] }
            return threads
        }
        for thread in ended { thread.join() }
    }

    private func next<T>(_ pick: (inout InvalidationQueue) -> T?) -> T? {
        state.wait { state -> T?? in
            guard state.isAttached else { return .some(nil) }
            return pick(&state.queue).map { .some($0) }
        }
    }
}
