public import Persist

/// The filesystem over a local store, without FUSE: one method for each verb of the kernel.
///
/// Synchronous; any thread. An answer is complete when a method returns.
public final class FileSystem: Sendable {
    public let store: any LocalStore
    public let options: FileSystemOptions

    /// - Parameter controls: `.persist/status.json` and the like: a name and what makes its text.
    public init(
        store: any LocalStore, options: FileSystemOptions, kernel: any KernelNotifier, log: any Log,
        controls: [FileName: @Sendable () -> [UInt8]] = [:]
    ) {
        self.store = store
        self.options = options
    }
    public func lookup(_ name: [UInt8], in parent: NodeID, _ caller: Caller) throws(StoreError) -> Attributes { fatalError() }
    public func getattr(_ id: NodeID) throws(StoreError) -> Attributes { fatalError() }
    public func setattr(_ id: NodeID, _ setting: AttributeSetting, handle: UInt64?, _ caller: Caller) throws(StoreError) -> Attributes { fatalError() }
    public func readlink(_ id: NodeID) throws(StoreError) -> [UInt8] { fatalError() }
    public func mkdir(_ name: [UInt8], in parent: NodeID, mode: UInt16, _ caller: Caller) throws(StoreError) -> Attributes { fatalError() }
    public func mknod(_ name: [UInt8], in parent: NodeID, kind: Node.Kind, mode: UInt16, device: UInt64, _ caller: Caller) throws(StoreError) -> Attributes { fatalError() }
    public func symlink(_ target: [UInt8], _ name: [UInt8], in parent: NodeID, _ caller: Caller) throws(StoreError) -> Attributes { fatalError() }
    public func link(_ id: NodeID, _ name: [UInt8], in parent: NodeID, _ caller: Caller) throws(StoreError) -> Attributes { fatalError() }
    public func unlink(_ name: [UInt8], in parent: NodeID, _ caller: Caller) throws(StoreError) { fatalError() }
    public func rmdir(_ name: [UInt8], in parent: NodeID, _ caller: Caller) throws(StoreError) { fatalError() }
    public func rename(_ name: [UInt8], in parent: NodeID, to newName: [UInt8], in newParent: NodeID, mode: Rename.Mode, _ caller: Caller) throws(StoreError) { fatalError() }
    public func open(_ id: NodeID, _ flags: OpenFlags, _ caller: Caller) throws(StoreError) -> Opened { fatalError() }
    public func create(_ name: [UInt8], in parent: NodeID, mode: UInt16, _ flags: OpenFlags, _ caller: Caller) throws(StoreError) -> (Attributes, Opened) { fatalError() }
    public func read(_ id: NodeID, handle: UInt64, at offset: UInt64, into buffer: inout OutputRawSpan) throws(StoreError) { fatalError() }
    /// - Parameter fromCache: written back from mapped pages: `handle` is any that can write.
    public func write(_ id: NodeID, handle: UInt64, at offset: UInt64, _ bytes: RawSpan, fromCache: Bool, _ caller: Caller) throws(StoreError) -> Int { fatalError() }
    public func flush(_ id: NodeID, handle: UInt64) throws(StoreError) { fatalError() }
    public func fsync(_ id: NodeID, handle: UInt64) throws(StoreError) { fatalError() }
    public func release(_ id: NodeID, handle: UInt64) { fatalError() }
    public func readdir(_ id: NodeID, after cookie: UInt64, limit: Int) throws(StoreError) -> [ListedEntry] { fatalError() }
    public func fsyncdir(_ id: NodeID) throws(StoreError) { fatalError() }
    public func statfs() throws(StoreError) -> StoreStatistics { fatalError() }
    public func getxattr(_ name: [UInt8], of id: NodeID) throws(StoreError) -> [UInt8] { fatalError() }
    public func setxattr(_ name: [UInt8], to value: [UInt8], mode: AttributeMode, of id: NodeID, _ caller: Caller) throws(StoreError) { fatalError() }
    public func listxattr(_ id: NodeID) throws(StoreError) -> [[UInt8]] { fatalError() }
    public func removexattr(_ name: [UInt8], of id: NodeID, _ caller: Caller) throws(StoreError) { fatalError() }
    /// The parent of a directory, for `..`.
    public func parent(of id: NodeID) throws(StoreError) -> NodeID { fatalError() }
    /// At unmount: publishes what open files still hold.
    public func shutdown() { fatalError() }
}
