public import Persist
internal import Synchronization

extension MemoryStore {
    // MARK: Names

    public func lookup(_ name: FileName, in parent: NodeID) throws(StoreError) -> Node {
        try read(.lookup) { tree throws(StoreError) in try tree.find(name, in: parent).node }
    }

    public func node(_ id: NodeID) throws(StoreError) -> Node {
        try read(.node) { tree throws(StoreError) in try tree.entry(id).node }
    }

    public func list(_ directory: NodeID, after cookie: UInt64, limit: Int) throws(StoreError) -> [DirectoryEntry] {
        try read(.list) { tree throws(StoreError) in try tree.list(directory, after: cookie, limit: limit) }
    }

    public func path(of id: NodeID) throws(StoreError) -> [UInt8] {
        try read(.path) { tree throws(StoreError) in try tree.path(of: id) }
    }

    public func key(of id: NodeID) throws(StoreError) -> StoreKey? {
        try read(.key) { tree throws(StoreError) in try tree.key(of: id) }
    }

    public func reserveNodeID() throws(StoreError) -> NodeID {
        try write(.reserveNodeID) { tree, _ throws(StoreError) in tree.newNodeID() }
    }

    public func preview(_ creation: Creation) throws(StoreError) -> CreationPreview {
        try read(.preview) { tree throws(StoreError) in try tree.preview(creation) }
    }

    public func create(_ creation: Creation) throws(StoreError) -> Node {
        try write(.create) { tree, _ throws(StoreError) in try tree.create(creation) }
    }

    public func unlink(_ name: FileName, in parent: NodeID) throws(StoreError) -> Node {
        try write(.unlink) { tree, now throws(StoreError) in try tree.unlink(name, in: parent, now: now) }
    }

    public func removeDirectory(_ name: FileName, in parent: NodeID) throws(StoreError) -> Node {
        try write(.removeDirectory) { tree, now throws(StoreError) in
            try tree.removeDirectory(name, in: parent, now: now)
        }
    }

    public func rename(_ rename: Rename) throws(StoreError) -> Renamed {
        try write(.rename) { tree, now throws(StoreError) in try tree.rename(rename, now: now) }
    }

    public func setAttributes(_ id: NodeID, _ change: AttributeChange) throws(StoreError) -> Node {
        try write(.setAttributes) { tree, _ throws(StoreError) in try tree.setAttributes(id, change) }
    }

    // MARK: Extended attributes

    public func attribute(_ name: [UInt8], of id: NodeID) throws(StoreError) -> [UInt8] {
        try read(.attribute) { tree throws(StoreError) in try tree.attribute(name, of: id) }
    }

    public func attributeNames(of id: NodeID) throws(StoreError) -> [[UInt8]] {
        try read(.attributeNames) { tree throws(StoreError) in try tree.attributeNames(of: id) }
    }

    public func setAttribute(
        _ name: [UInt8], to value: [UInt8], mode: AttributeMode, of id: NodeID
    ) throws(StoreError) {
        try write(.setAttribute) { tree, now throws(StoreError) in
            try tree.setAttribute(name, to: value, mode: mode, of: id, now: now)
        }
    }

    public func removeAttribute(_ name: [UInt8], of id: NodeID) throws(StoreError) {
        try write(.removeAttribute) { tree, now throws(StoreError) in
            try tree.removeAttribute(name, of: id, now: now)
        }
    }

    // MARK: Content

    @discardableResult
    public func read(_ id: NodeID, at offset: UInt64, into buffer: inout OutputRawSpan) throws(StoreError) -> Int64 {
        let content = try read(.read) { tree throws(StoreError) in try tree.content(id) }
        Self.copy(content.bytes, at: offset, into: &buffer)
        return content.revision
    }

    public func nextData(of content: StoredContent, in range: Range<UInt64>) throws(StoreError) -> Range<UInt64>? {
        try read(.nextData) { tree throws(StoreError) in try tree.nextData(of: content, in: range) }
    }

    public func publish(_ publication: Publication) throws(StoreError) -> Published {
        try write(.publish) { tree, now throws(StoreError) in try tree.publish(publication, now: now) }
    }

    public func openDraft(of id: NodeID, isNew: Bool) throws(StoreError) -> Draft {
        try write(.openDraft) { tree, _ throws(StoreError) in try tree.openDraft(of: id, isNew: isNew) }
    }

    public func writeDraft(_ content: DraftContent) throws(StoreError) {
        try write(.writeDraft) { tree, _ throws(StoreError) in try tree.updateDraft(content) }
    }

    public func readDraft(_ draft: Draft, at offset: UInt64, into buffer: inout OutputRawSpan) throws(StoreError) {
        let bytes = try read(.readDraft) { tree throws(StoreError) in try tree.draft(draft).bytes }
        Self.copy(bytes, at: offset, into: &buffer)
    }

    public func keepDraft(_ content: DraftContent, creation: Creation?, mtime: Timestamp) throws(StoreError) {
        try write(.keepDraft) { tree, _ throws(StoreError) in
            try tree.keepDraft(content, creation: creation, mtime: mtime)
        }
    }

    public func dropDraft(_ draft: Draft) throws(StoreError) {
        try write(.dropDraft) { tree, _ throws(StoreError) in tree.drafts[draft.id] = nil }
    }

    private static func copy(_ bytes: [UInt8], at offset: UInt64, into buffer: inout OutputRawSpan) {
        guard offset < UInt64(bytes.count) else { return }
        let count = min(bytes.count - Int(offset), buffer.freeCapacity)
        buffer.append(bytes[Int(offset)..<(Int(offset) + count)])
    }

    // MARK: Streams

    public func append(_ append: Append) throws(StoreError) -> Appended {
        try write(.append) { tree, _ throws(StoreError) in try tree.append(append) }
    }

    public func removeEvents(of id: NodeID, at time: Timestamp) throws(StoreError) -> Node {
        try write(.removeEvents) { tree, _ throws(StoreError) in try tree.removeEvents(of: id, at: time) }
    }

    public func keepTail(_ tail: TailID?, of id: NodeID, bytes: [UInt8]) throws(StoreError) -> TailID {
        try write(.keepTail) { tree, _ throws(StoreError) in try tree.keepTail(tail, of: id, bytes: bytes) }
    }

    public func dropTail(_ tail: TailID) throws(StoreError) {
        try write(.dropTail) { tree, _ throws(StoreError) in tree.tails[tail] = nil }
    }

    // MARK: Rejected and conflicting versions

    public func keepRejected(_ path: [UInt8], bytes: [UInt8], error: String) throws(StoreError) {
        try write(.keepRejected) { tree, now throws(StoreError) in
            tree.kept[.rejected, default: [:]][path] = MemoryTree.Kept(bytes: bytes, time: now, error: error)
        }
    }

    public func keptVersions(_ area: KeptArea) throws(StoreError) -> [KeptVersion] {
        try read(.keptVersions) { tree throws(StoreError) in tree.keptVersions(area) }
    }

    public func keptBytes(_ area: KeptArea, _ path: [UInt8]) throws(StoreError) -> [UInt8] {
        try read(.keptBytes) { tree throws(StoreError) in try tree.keptBytes(area, path) }
    }

    public func removeKept(_ area: KeptArea, _ path: [UInt8]) throws(StoreError) {
        try write(.removeKept) { tree, _ throws(StoreError) in try tree.removeKept(area, path) }
    }

    // MARK: Durability and life

    public func sync() throws(StoreError) {
        try read(.sync) { _ throws(StoreError) in }
    }

    public func hold(_ id: NodeID) {
        state.withLock { state in
            state.counts[.hold] += 1
            state.tree.holds[id, default: 0] += 1
        }
    }

    public func setWriting(_ id: NodeID, _ isWriting: Bool) {
        state.withLock { state in
            state.tree.writing[id, default: 0] += isWriting ? 1 : -1
        }
    }

    public func isTaken(_ id: NodeID) -> Bool { false }

    /// Nobody else changes it.
    public func setCreating(_ name: FileName, in parent: NodeID, _ isCreating: Bool) {}

    /// Whether `setWriting` has said so.
    public func isWriting(_ id: NodeID) -> Bool { state.withLock { $0.tree.writing[id] ?? 0 > 0 } }

    public func release(_ id: NodeID) {
        state.withLock { state in
            state.counts[.release] += 1
            let count = state.tree.holds[id] ?? 0
            state.tree.holds[id] = count > 1 ? count - 1 : nil
            state.tree.collect(id)
        }
    }

    public func statistics(countsNodes: Bool) throws(StoreError) -> StoreStatistics {
        let free = state.withLock { $0.bytesFree }
        return try read(.statistics) { tree throws(StoreError) in
            let used = tree.entries.values.reduce(0) { $0 + UInt64($1.bytes.count) }
            return StoreStatistics(
                bytesUsed: used, bytesFree: free, nodes: countsNodes ? UInt64(tree.entries.count) : nil)
        }
    }

    /// Nothing to fold in: `foreignPut` and `foreignDelete` are seen, and told, at once.
    public func refresh() throws(StoreError) {
        try read(.refresh) { _ throws(StoreError) in }
    }

    public func refreshed(_ id: NodeID) throws(StoreError) -> Node {
        try refresh()
        return try node(id)
    }

    public func observe(_ observer: any StoreObserver) {
        state.withLock { $0.observers.append(WeakObserver(observer)) }
    }

    public func close() {
        state.withLock { $0.counts[.close] += 1 }
    }
}

/// A filesystem observes the store that it holds.
struct WeakObserver: Sendable {
    weak let observer: (any StoreObserver)?
    init(_ observer: any StoreObserver) { self.observer = observer }
}
