import Dispatch
import Persist
import SQLiteStore
import WriteBackCache

/// The store of a cache whose content goes away again and again: what an operation misses is brought and the operation
/// run again, as the filesystem does it.
final class BringingStore: LocalStore {
    let cache: WriteBackCache
    private let store: SQLiteStore
    /// Makes content go before each operation, or not.
    private let evicts: Bool

    init(_ cache: WriteBackCache, evicts: Bool) {
        self.cache = cache
        store = cache.store
        self.evicts = evicts
    }

    private func bringing<R>(_ body: () throws(StoreError) -> R) throws(StoreError) -> R {
        if evicts { _ = try? store.evict(after: nil, bytes: .max, min: 1, sparesUsed: false) }
        for _ in 0..<16 {
            do throws(StoreError) { return try body() } catch {
                guard let absence = error.absence else { throw error }
                let done = DispatchSemaphore(value: 0)
                Task.detached {
                    // With the far side failing, it is tried again.
                    try? await absence.bring()
                    done.signal()
                }
                done.wait()
            }
        }
        return try body()
    }

    var limits: StoreLimits { store.limits }
    var isReadOnly: Bool { store.isReadOnly }
    func lookup(_ name: FileName, in parent: NodeID) throws(StoreError) -> Node {
        try bringing { () throws(StoreError) in try store.lookup(name, in: parent) }
    }
    func node(_ id: NodeID) throws(StoreError) -> Node { try store.node(id) }
    func list(_ directory: NodeID, after cookie: UInt64, limit: Int) throws(StoreError) -> [DirectoryEntry] {
        try bringing { () throws(StoreError) in try store.list(directory, after: cookie, limit: limit) }
    }
    func path(of id: NodeID) throws(StoreError) -> [UInt8] { try store.path(of: id) }
    func key(of id: NodeID) throws(StoreError) -> StoreKey? { try store.key(of: id) }
    func reserveNodeID() throws(StoreError) -> NodeID { try store.reserveNodeID() }
    func preview(_ creation: Creation) throws(StoreError) -> CreationPreview {
        try bringing { () throws(StoreError) in try store.preview(creation) }
    }
    func create(_ creation: Creation) throws(StoreError) -> Node {
        try bringing { () throws(StoreError) in try store.create(creation) }
    }
    func unlink(_ name: FileName, in parent: NodeID) throws(StoreError) -> Node {
        try bringing { () throws(StoreError) in try store.unlink(name, in: parent) }
    }
    func removeDirectory(_ name: FileName, in parent: NodeID) throws(StoreError) -> Node {
        try bringing { () throws(StoreError) in try store.removeDirectory(name, in: parent) }
    }
    func rename(_ rename: Rename) throws(StoreError) -> Renamed {
        try bringing { () throws(StoreError) in try store.rename(rename) }
    }
    func setAttributes(_ id: NodeID, _ change: AttributeChange) throws(StoreError) -> Node {
        try bringing { () throws(StoreError) in try store.setAttributes(id, change) }
    }
    func attribute(_ name: [UInt8], of id: NodeID) throws(StoreError) -> [UInt8] {
        try store.attribute(name, of: id)
    }
    func attributeNames(of id: NodeID) throws(StoreError) -> [[UInt8]] { try store.attributeNames(of: id) }
    func setAttribute(
        _ name: [UInt8], to value: [UInt8], mode: AttributeMode, of id: NodeID
    ) throws(StoreError) {
        try store.setAttribute(name, to: value, mode: mode, of: id)
    }
    func removeAttribute(_ name: [UInt8], of id: NodeID) throws(StoreError) {
        try store.removeAttribute(name, of: id)
    }

    @discardableResult
    func read(_ id: NodeID, at offset: UInt64, into buffer: inout OutputRawSpan) throws(StoreError) -> Int64 {
        let (room, start) = (buffer.freeCapacity, offset)
        let (bytes, revision) = try bringing { () throws(StoreError) in
            var revision: Int64 = 0
            let bytes = try [UInt8](capacity: room) { span throws(StoreError) in
                revision = try store.read(id, at: start, into: &span)
            }
            return (bytes, revision)
        }
        buffer.append(bytes[...])
        return revision
    }
    func nextData(of content: StoredContent, in range: Range<UInt64>) throws(StoreError) -> Range<UInt64>? {
        // What is not here is data for it; to compare with what is a hole, all of it has to be here.
        if case .published(let id) = content, let size = try? store.node(id).size, size > 0 {
            var bytes = [UInt8]()
            bytes = try [UInt8](capacity: Int(size)) { span throws(StoreError) in
                try read(id, at: 0, into: &span)
            }
            _ = bytes
        }
        return try store.nextData(of: content, in: range)
    }
    func publish(_ publication: Publication) throws(StoreError) -> Published {
        try bringing { () throws(StoreError) in try store.publish(publication) }
    }
    func openDraft(of id: NodeID, isNew: Bool) throws(StoreError) -> Draft {
        try bringing { () throws(StoreError) in try store.openDraft(of: id, isNew: isNew) }
    }
    func writeDraft(_ content: DraftContent) throws(StoreError) {
        try bringing { () throws(StoreError) in try store.writeDraft(content) }
    }
    func readDraft(_ draft: Draft, at offset: UInt64, into buffer: inout OutputRawSpan) throws(StoreError) {
        try store.readDraft(draft, at: offset, into: &buffer)
    }
    func keepDraft(_ content: DraftContent, creation: Creation?, mtime: Timestamp) throws(StoreError) {
        try bringing { () throws(StoreError) in try store.keepDraft(content, creation: creation, mtime: mtime) }
    }
    func dropDraft(_ draft: Draft) throws(StoreError) { try store.dropDraft(draft) }
    func append(_ append: Append) throws(StoreError) -> Appended {
        try bringing { () throws(StoreError) in try store.append(append) }
    }
    func removeEvents(of id: NodeID, at time: Timestamp) throws(StoreError) -> Node {
        try store.removeEvents(of: id, at: time)
    }
    func keepTail(_ tail: TailID?, of id: NodeID, bytes: [UInt8]) throws(StoreError) -> TailID {
        try store.keepTail(tail, of: id, bytes: bytes)
    }
    func dropTail(_ tail: TailID) throws(StoreError) { try store.dropTail(tail) }
    func keepRejected(_ path: [UInt8], bytes: [UInt8], error: String) throws(StoreError) {
        try store.keepRejected(path, bytes: bytes, error: error)
    }
    func keptVersions(_ area: KeptArea) throws(StoreError) -> [KeptVersion] { try store.keptVersions(area) }
    func keptBytes(_ area: KeptArea, _ path: [UInt8]) throws(StoreError) -> [UInt8] {
        try store.keptBytes(area, path)
    }
    func removeKept(_ area: KeptArea, _ path: [UInt8]) throws(StoreError) { try store.removeKept(area, path) }
    func makeRoom() { store.makeRoom() }
    func sync() throws(StoreError) { try store.sync() }
    func hold(_ id: NodeID) { store.hold(id) }
    func setWriting(_ id: NodeID, _ isWriting: Bool) { store.setWriting(id, isWriting) }
    func isTaken(_ id: NodeID) -> Bool { store.isTaken(id) }
    func setCreating(_ name: FileName, in parent: NodeID, _ isCreating: Bool) {
        store.setCreating(name, in: parent, isCreating)
    }
    func release(_ id: NodeID) { store.release(id) }
    func statistics(countsNodes: Bool) throws(StoreError) -> StoreStatistics {
        try store.statistics(countsNodes: countsNodes)
    }
    func refresh() throws(StoreError) { try store.refresh() }
    func refreshed(_ id: NodeID) throws(StoreError) -> Node { try store.refreshed(id) }
    func observe(_ observer: any StoreObserver) { store.observe(observer) }
    func close() { store.close() }
}
