public import Persist

/// What a far side holds of a file beside its value: `.persist/meta/<path>`.
///
/// The value goes first, its meta second; a value that another program has changed since is known by its sum. What has
/// only default attributes needs no meta.
public struct FarMeta: Sendable, Equatable {
    public enum Kind: Sendable, Equatable {
        /// A value, a plain file, a stream.
        case file
        case directory
        /// What it leads to. It has no value.
        case symlink([UInt8])
        // Special files, in blobs/ only (R11); they have no value either.
        case fifo
        case socket
        /// With its st_rdev.
        case characterDevice(UInt64)
        case blockDevice(UInt64)
    }

    public var kind: Kind
    /// Permission bits (07777); nil: the default of whoever mounts it. So are uid and gid.
    public var mode: UInt16?
    public var uid: UInt32?
    public var gid: UInt32?
    public var mtime: Timestamp?
    /// The value that this was written for; nil for what has none, and for streams.
    public var sum: FarSum?
    /// The exact bytes of a document, only where they are not its canonical JSON.
    public var text: [UInt8]?
    /// Bytes of the file.
    public var size: UInt64?
    /// It lay with the value (`AttributedPutting`): it is of that one, without a sum, and the value is the file's bytes.
    public var isCarried = false
    /// Of what lay with the value: the rest lies under a key of its own.
    public var hasMore = false
    /// Extended attributes of the user; names are bytes.
    public var attributes: [[UInt8]: [UInt8]]

    public init(
        _ kind: Kind = .file, mode: UInt16? = nil, uid: UInt32? = nil, gid: UInt32? = nil, mtime: Timestamp? = nil,
        attributes: [[UInt8]: [UInt8]] = [:]
    ) {
        self.kind = kind
        self.mode = mode
        self.uid = uid
        self.gid = gid
        self.mtime = mtime
        self.attributes = attributes
    }

    /// Says what the value is that this goes with.
    ///
    /// - Parameter isJSON: see `FarSum.isJSON`.
    public mutating func describe(_ value: [UInt8], isJSON: Bool) {
        let form = isJSON ? CanonicalJSON.form(of: value) : nil
        sum = FarSum(of: form ?? value)
        size = UInt64(value.count)
        text = form != nil && form != value ? value : nil
    }

    /// What is left of it where the far value is `value`: all where that is the one it was written for, or that one
    /// written anew by a host. Else another program has changed the value: mode and owner stand, the text is dropped,
    /// and the time is when it was first seen.
    public func current(for value: [UInt8], isJSON: Bool, firstSeen: Timestamp) -> FarMeta {
        guard !isCarried else { return self }
        let form = isJSON ? CanonicalJSON.form(of: value) : nil
        // Without a text the file was canonical.
        if sum == FarSum(of: form ?? value), form.map({ CanonicalJSON.isRewriting(value, of: text ?? $0) }) ?? true {
            return self
        }
        var left = self
        left.mtime = firstSeen
        left.text = nil
        left.sum = nil
        left.size = UInt64(value.count)
        return left
    }

    /// The bytes of the file whose far value is `value`, as they were written here.
    ///
    /// - Precondition: this is `current` for the value.
    public func content(for value: [UInt8], isJSON: Bool) -> [UInt8] {
        if let text { return text }
        guard !isCarried else { return value }
        return isJSON && sum != nil ? CanonicalJSON.form(of: value) ?? value : value
    }

    // MARK: With the value

    /// As it lay with a value.
    init(_ attributes: ValueAttributes) {
        self.init(
            mode: attributes.mode, uid: attributes.uid, gid: attributes.gid, mtime: attributes.mtime,
            attributes: attributes.extended)
        isCarried = true
        hasMore = attributes.hasMore
    }

    /// Nobody has set anything of it; the time may be that of the put.
    var isBare: Bool { mode == nil && uid == nil && gid == nil && attributes.isEmpty }

    /// What of it can lie with a value.
    var carried: ValueAttributes {
        ValueAttributes(mode: mode, uid: uid, gid: gid, mtime: mtime, extended: attributes)
    }
}
