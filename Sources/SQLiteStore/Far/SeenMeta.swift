public import Persist

/// Side data that the far side has under a key of its own, as a look has seen it.
public struct SeenMeta: Sendable {
    /// Of what it is about, as shown; of a directory with a `/` behind it: a value may have the same path.
    public let path: [UInt8]
    public let meta: [UInt8]
    /// It needs no value: of a directory, a symlink.
    public let isWhole: Bool
    public let revision: Revision?

    public init(path: [UInt8], meta: [UInt8], isWhole: Bool, revision: Revision?) {
        self.path = path
        self.meta = meta
        self.isWhole = isWhole
        self.revision = revision
    }
}
