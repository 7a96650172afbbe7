public import Persist

extension FileSystem {
    /// Whether entries of this directory come and go without notice (`.persist/`): the kernel may not keep any of
    /// them, nor that one is missing.
    public static func isVolatile(_ id: NodeID) -> Bool { ControlFiles.owns(id) }
}
