public import Persist

/// Tells the kernel to forget what it keeps of a node or a name (fuse_lowlevel_notify_inval_*).
///
/// Returns at once: notifications are sent by threads of their own that hold no lock.
public protocol KernelNotifier: Sendable {
    /// Attributes, and the pages too unless `attributesOnly`.
    func invalidate(_ node: NodeID, attributesOnly: Bool)
    /// The name, negative answers included, and the listing of its directory.
    func invalidate(_ name: FileName, in parent: NodeID)
}

/// Where refusals and failures are told a person, one line each.
public protocol Log: Sendable {
    func log(_ line: String)
}
