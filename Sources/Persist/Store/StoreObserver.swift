/// Is told what others have changed: another mount, another process on the same file, a peer (R9).
public protocol StoreObserver: AnyObject, Sendable {
    /// On a thread of the store, which holds no lock. `changes` are in the order they happened.
    func storeChanged(_ changes: [StoreChange])
    /// The content of a node has gone from this machine, and others may change it before it is here again: what the kernel
    /// keeps of it is no part of what is read next. With the store's lock held: takes note, and does no more.
    func contentWent(of id: NodeID)
}

extension StoreObserver {
    public func contentWent(of id: NodeID) {}
}

/// What the kernel, or a watcher, must forget or look at again.
public enum StoreChange: Hashable, Sendable {
    /// The content and the attributes of a node.
    case content(NodeID)
    /// Its attributes only.
    case attributes(NodeID)
    /// A name that appeared, went away, or leads elsewhere now.
    case entry(parent: NodeID, name: FileName)
    /// A name that appeared where none was: who has looked it up since then has the right answer.
    case newEntry(parent: NodeID, name: FileName)
    /// Too much to tell one by one.
    case everything
}

/// What a store asks of its caller's surroundings while it has to wait.
///
/// The session gives another thread to the kernel meanwhile, and knows whether the request was interrupted.
public protocol WaitObserver: Sendable {
    func waitBegins()
    func waitEnds()
    /// Whether the operation that this thread runs should give up (FUSE INTERRUPT). False where there is none.
    var isInterrupted: Bool { get }
}

/// For callers without a session: they wait, and are never interrupted.
public struct PatientWaiting: WaitObserver {
    public init() {}
    public func waitBegins() {}
    public func waitEnds() {}
    public var isInterrupted: Bool { false }
}
