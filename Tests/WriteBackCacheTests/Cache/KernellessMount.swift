import Persist
import PersistTestKit
import PersistVFS
import SQLiteStore
import WriteBackCache

/// A mount without a kernel.
struct KernellessMount {
    let cache: WriteBackCache
    let files: FileSystem
    let root = Caller(uid: 0, gid: 0)
    let blobs = Namespace.blobs.node

    init(_ bed: CacheBed) async throws {
        let cache = try bed.cache(at: bed.newPath()) { options in
            options.evictMilliseconds = 3_600_000
            options.settleMilliseconds = 0
        }
        try await cache.refresh()
        self.cache = cache
        files = FileSystem(
            store: cache.store, options: FileSystemOptions(uid: 0, gid: 0, umask: 0o022), kernel: NoKernel(),
            log: NoLog(), clock: { .now() }, far: cache)
    }

    func create(_ name: String, in parent: NodeID) throws -> (id: NodeID, handle: UInt64) {
        let (made, opened) = try files.create(Array(name.utf8), in: parent, mode: 0o644, [.write], root)
        return (made.id, opened.handle)
    }

    func lookup(_ name: String, in parent: NodeID) throws -> NodeID {
        try files.lookup(Array(name.utf8), in: parent, root).id
    }

    func write(_ text: String, at offset: UInt64 = 0, to file: (id: NodeID, handle: UInt64)) throws {
        _ = try Array(text.utf8).withRawSpan { (bytes) throws(StoreError) in
            try files.write(file.id, handle: file.handle, at: offset, bytes, fromCache: false, root)
        }
    }

    /// - Returns: whether close(2) succeeds.
    func close(_ file: (id: NodeID, handle: UInt64)) -> Bool {
        let isTold = (try? files.flush(file.id, handle: file.handle)) == nil
        files.release(file.id, handle: file.handle)
        return !isTold
    }

    func evict() throws {
        for _ in 0..<2 { _ = try cache.store.evict(after: nil, bytes: .max, sparesUsed: false, takesOpen: true) }
    }

    /// What has the name on the far side, and what lies in `.persist/conflicts`.
    func all(_ key: StoreKey, _ bed: CacheBed) async throws -> [[UInt8]] {
        let kept = try cache.store.keptVersions(.conflicts).map { try cache.store.keptBytes(.conflicts, $0.path) }
        return await bed.far.get(key).map { kept + [$0] } ?? kept
    }

    func end() async {
        files.shutdown()
        await cache.stop()
        cache.store.close()
    }
}

private struct NoKernel: KernelNotifier {
    func invalidate(_ node: NodeID, attributesOnly: Bool) {}
    func invalidate(_ name: FileName, in parent: NodeID) {}
    func expire(_ name: FileName, in parent: NodeID) {}
    func finishInvalidating(_ node: NodeID) {}
    func writeBack(_ node: NodeID, _ range: Range<UInt64>) -> Bool { true }
}
private struct NoLog: Log { func log(_ line: String) {} }
