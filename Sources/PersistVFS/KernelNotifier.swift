public import Persist

/// Tells the kernel to forget what it keeps of a node or a name (fuse_lowlevel_notify_inval_*).
///
/// Notifications are sent by threads of their own that hold no lock; `invalidate` returns at once.
public protocol KernelNotifier: Sendable {
    /// Attributes, and the pages too unless `attributesOnly`.
    func invalidate(_ node: NodeID, attributesOnly: Bool)
    /// The name, negative answers included, and the listing of its directory.
    func invalidate(_ name: FileName, in parent: NodeID)
    /// The same where nothing had the name before: negative answers are forgotten, and the name itself is to be looked up
    /// again. Dropped, it would take the pages of a file with it that was read meanwhile, and that nobody has open just then.
    func expire(_ name: FileName, in parent: NodeID)
    /// Returns once the kernel has forgotten what it was told to of this node; after a second at the latest. With no lock
    /// held.
    func finishInvalidating(_ node: NodeID)
    /// Has the kernel write back what programs have changed in these bytes through maps; they come by WRITE before this
    /// returns. With no lock held.
    ///
    /// - Returns: false where that took too long.
    func writeBack(_ node: NodeID, _ range: Range<UInt64>) -> Bool
}

/// Where refusals and failures are told a person, one line each.
public protocol Log: Sendable {
    func log(_ line: String)
}
