public import Persist

/// What the far side has under a path, to be taken over here.
public struct FarChange: Sendable {
    public enum Content: Sendable {
        /// A file; `isValue`: the value of a key, whatever its name looks like.
        case file([UInt8], isValue: Bool)
        /// The same, whose value has not been asked for: so many bytes.
        case absent(size: UInt64, isValue: Bool)
        case directory
        case symlink([UInt8])
        case special(Node.Kind, device: UInt64)
        /// A log, whose events come by themselves.
        case log
        /// Nothing any more.
        case nothing
    }

    /// nil: the root.
    public var namespace: Namespace?
    /// Below the namespace.
    public var names: [FileName]
    public var content: Content
    /// nil: what is here stays, or is the mount's default.
    public var mode: UInt16?
    public var uid: UInt32?
    public var gid: UInt32?
    /// nil: now.
    public var mtime: Timestamp?
    public var attributes: [(name: [UInt8], value: [UInt8])]
    /// The keys, the sum of the value and the side data: for the record of it.
    public var key: [UInt8]?
    public var sum: [UInt8]?
    /// Of the value, where the far side has such and told of it.
    public var revision: Revision?
    /// When the far side says that it was put.
    public var modified: Timestamp?
    public var metaKey: [UInt8]?
    public var meta: [UInt8]?
    /// Of the side data under its key.
    public var metaRevision: Revision?
    /// The side data is there, and of this value: not of one that another machine had under the name.
    public var hasOwnMeta = true

    public init(
        namespace: Namespace?, names: [FileName], content: Content, mode: UInt16? = nil, uid: UInt32? = nil,
        gid: UInt32? = nil, mtime: Timestamp? = nil, attributes: [(name: [UInt8], value: [UInt8])] = [],
        key: [UInt8]? = nil, sum: [UInt8]? = nil, metaKey: [UInt8]? = nil, meta: [UInt8]? = nil
    ) {
        self.namespace = namespace
        self.names = names
        self.content = content
        self.mode = mode
        self.uid = uid
        self.gid = gid
        self.mtime = mtime
        self.attributes = attributes
        self.key = key
        self.sum = sum
        self.metaKey = metaKey
        self.meta = meta
    }

    /// Of the value of a key that is a prefix too, in the directory that shows it.
    static let selfName: FileName = "%self"

    public var path: [UInt8] {
        guard let namespace else { return [] }
        return namespace.path(names)
    }
}

extension FarChange {
    /// As a node has them.
    var packedAttributes: [UInt8]? {
        get throws(StoreError) {
            guard !attributes.isEmpty else { return nil }
            var packed = try ExtendedAttributes([])
            for attribute in attributes { packed[attribute.name] = attribute.value }
            return packed.packed
        }
    }
}

/// What became of one.
public enum FarOutcome: Sendable, Equatable {
    case applied
    /// It was here already.
    case unchanged
    /// The node has changes of its own that are still to be sent, or has been sent since the far side was asked:
    /// who sends them looks at what is there.
    case notNow
    /// It cannot be shown, for this reason.
    case refused(String)
}
