internal import Persist

/// One of the two stores that a random sequence runs on, and what lives in its slots.
///
/// It keeps to what the filesystem promises its store: one draft a node, chunks that are whole, a base limit that
/// only falls, a draft that was written after it was kept is kept again before it may be recovered.
struct StoreSide {
    struct OpenDraft {
        let path: String
        let draft: Draft
        var size: UInt64
        var baseLimit: UInt64
        var isKept = false
        var isWrittenSince = false
    }

    var client: StoreClient
    private var drafts: [Int: OpenDraft] = [:]
    private var tails: [Int: (path: String, stream: NodeID, tail: TailID)] = [:]
    private var held: [Int: NodeID] = [:]

    init(_ factory: LocalStoreFactory) throws {
        client = StoreClient(try factory.make(StoreLimits()), factory)
    }

    /// - Parameter step: the time of what it makes.
    /// - Returns: what came of it, in words that two stores must agree on.
    mutating func run(_ operation: StoreOperation, step: Int) throws -> String {
        client.setClock(step)
        do {
            return try perform(operation)
        } catch let error as StoreError {
            return "refused: \(error.kind)"
        }
    }

    private mutating func perform(_ operation: StoreOperation) throws -> String {
        switch operation {
        case .create(let path): try client.create(path)
        case .directory(let path): try client.directory(path)
        case .symlink(let path, let target): try client.create(path, .symlink, target: target)
        case .put(let path, let text): return Self.words(try client.put(path, text))
        case .putBased(let path, let text, let slot):
            let id = try client.node(path).id
            let draft = drafts[slot]?.draft
            return Self.words(try client.put(path, text, base: draft?.node == id ? draft?.baseRevision : nil))
        case .append(let path, let text, let continuing, let unterminated):
            return Self.words(
                try client.append(path, text, continuing ? .continuing : .newLine, endsUnterminated: unterminated))
        case .unlink(let path): try client.unlink(path)
        case .removeDirectory(let path): try client.removeDirectory(path)
        case .rename(let path, let new): return Self.words(try client.rename(path, to: new))
        case .renameNew(let path, let new): return Self.words(try client.rename(path, to: new, .noReplace))
        case .exchange(let path, let new): return Self.words(try client.rename(path, to: new, .exchange))
        case .setMode(let path, let mode):
            let change = AttributeChange(mode: mode, uid: 1_000, time: client.tick())
            _ = try client.store.setAttributes(client.node(path).id, change)
        case .setTimes(let path):
            let change = AttributeChange(mtime: client.tick(), atime: client.tick(), time: client.tick())
            _ = try client.store.setAttributes(client.node(path).id, change)
        case .setAttribute(let path, let name, let value):
            let id = try client.node(path).id
            try client.store.setAttribute(Array(name.utf8), to: Array(value.utf8), mode: .set, of: id)
        case .removeAttribute(let path, let name):
            try client.store.removeAttribute(Array(name.utf8), of: client.node(path).id)
        case .keepTail(let slot, let path, let text):
            let id = try client.node(path).id
            let old = tails[slot].flatMap { $0.stream == id ? $0.tail : nil }
            if old == nil, let other = tails.removeValue(forKey: slot) { try client.store.dropTail(other.tail) }
            tails[slot] = (path, id, try client.store.keepTail(old, of: id, bytes: Array(text.utf8)))
        case .joinTail(let slot, let text):
            guard let tail = tails.removeValue(forKey: slot) else { return "empty" }
            let append = Append(
                stream: tail.stream, bytes: Array(text.utf8), start: .newLine, time: client.tick(), tail: tail.tail)
            return Self.words(try client.store.append(append))
        case .dropTail(let slot):
            if let tail = tails.removeValue(forKey: slot) { try client.store.dropTail(tail.tail) }
        case .hold(let slot, let path):
            let id = try client.node(path).id
            if let other = held.removeValue(forKey: slot) { client.store.release(other) }
            client.store.hold(id)
            held[slot] = id
        case .release(let slot):
            if let id = held.removeValue(forKey: slot) { client.store.release(id) }
        case .keepRejected(let path, let text):
            try client.store.keepRejected(Array(path.utf8), bytes: Array(text.utf8), error: "refused")
        case .foreignPut(let namespace, let key, let value): try client.foreignPut(namespace, key, value)
        case .foreignDelete(let namespace, let key): try client.foreignDelete(namespace, key)
        case .reopen: try reopen()
        case .openDraft, .writeChunk, .writeEnd, .patchChunk, .cutDraft, .punchDraft, .share, .shareDraft, .keepDraft,
            .publishDraft, .dropDraft:
            return try performOnDraft(operation)
        }
        return "done"
    }

    private mutating func performOnDraft(_ operation: StoreOperation) throws -> String {
        switch operation {
        case .openDraft(let slot, let path):
            let node = try client.node(path)
            guard node.kind == .file, !node.isStream else { return "no file" }
            for (other, open) in drafts where other == slot || open.draft.node == node.id {
                drafts[other] = nil
                try client.store.dropDraft(open.draft)
            }
            let draft = try client.store.openDraft(of: node.id, isNew: false)
            drafts[slot] = OpenDraft(path: path, draft: draft, size: draft.baseSize, baseLimit: draft.baseSize)
        case .writeChunk(let slot, let index, let byte):
            let count = Int(client.store.limits.chunkBytes)
            try write(slot, index, [UInt8](repeating: byte, count: count), isEnd: false)
        case .writeEnd(let slot, let index, let count, let byte):
            try write(slot, index, [UInt8](repeating: byte, count: count), isEnd: true)
        case .patchChunk(let slot, let index, let offset, let count, let byte):
            let end = UInt64(index) * client.store.limits.chunkBytes + UInt64(offset + count)
            let bytes = ScatteredBytes([UInt8](repeating: byte, count: count), at: offset)
            try change(slot) { content in
                content.size = max(content.size, end)
                content.patches = [DraftPatch(index: UInt64(index), bytes: bytes)]
            }
        case .cutDraft(let slot, let size):
            guard var open = drafts[slot] else { return "empty" }
            open.size = UInt64(size)
            open.baseLimit = min(open.baseLimit, open.size)
            open.isWrittenSince = true
            drafts[slot] = open
            try client.store.writeDraft(Self.content(open))
        case .punchDraft(let slot, let chunks): try change(slot) { content in content.holes = [chunks] }
        case .share(let slot, let path, let chunks, let target):
            let id = try client.node(path).id
            try share(slot, SharedChunks(source: .published(id), chunks: chunks, target: target))
        case .shareDraft(let slot, let other, let chunks, let target):
            guard let source = drafts[other] else { return "empty" }
            try share(slot, SharedChunks(source: .draft(source.draft), chunks: chunks, target: target))
        case .keepDraft(let slot): try keep(slot)
        case .publishDraft(let slot):
            guard let open = drafts[slot] else { return "empty" }
            let publication = Publication(
                node: open.draft.node, content: .draft(Self.content(open)), mtime: client.tick(),
                base: open.draft.baseRevision)
            let published = try client.store.publish(publication)
            drafts[slot] = nil
            return Self.words(published)
        case .dropDraft(let slot):
            if let open = drafts.removeValue(forKey: slot) { try client.store.dropDraft(open.draft) }
        default: break
        }
        return "done"
    }

    private mutating func write(_ slot: Int, _ index: Int, _ bytes: [UInt8], isEnd: Bool) throws {
        guard var open = drafts[slot] else { return }
        let start = UInt64(index) * client.store.limits.chunkBytes
        let end = start + UInt64(bytes.count)
        if isEnd { open.baseLimit = min(open.baseLimit, start) }
        open.size = isEnd ? end : max(open.size, end)
        open.isWrittenSince = true
        drafts[slot] = open
        var content = Self.content(open)
        content.chunks = [DraftChunk(index: UInt64(index), bytes: bytes)]
        try client.store.writeDraft(content)
    }

    private mutating func share(_ slot: Int, _ shared: SharedChunks) throws {
        let end = shared.targets.upperBound * client.store.limits.chunkBytes
        try change(slot) { content in
            content.shared = [shared]
            content.size = max(content.size, end)
        }
    }

    private mutating func change(_ slot: Int, _ body: (inout DraftContent) -> Void) throws {
        guard let open = drafts[slot] else { return }
        var content = Self.content(open)
        body(&content)
        try client.store.writeDraft(content)
        drafts[slot]?.size = content.size
        drafts[slot]?.isWrittenSince = true
    }

    private mutating func keep(_ slot: Int) throws {
        guard let open = drafts[slot] else { return }
        try client.store.keepDraft(Self.content(open), creation: nil, mtime: client.tick())
        drafts[slot]?.isKept = true
        drafts[slot]?.isWrittenSince = false
    }

    private mutating func reopen() throws {
        for slot in drafts.keys.sorted() where drafts[slot]?.isKept == true && drafts[slot]?.isWrittenSince == true {
            try keep(slot)
        }
        try client.reopen()
        drafts = [:]
        tails = [:]
        held = [:]
    }

    private static func content(_ open: OpenDraft) -> DraftContent {
        DraftContent(draft: open.draft, chunks: [], size: open.size, baseLimit: open.baseLimit)
    }

    // MARK: What came of it

    private static func words(_ published: Published) -> String {
        "published \(published.node.size) bytes" + (published.conflict == nil ? "" : ", a conflict")
    }

    private static func words(_ appended: Appended) -> String {
        "appended \(appended.accepted) bytes at \(appended.position), now \(appended.node.size)"
    }

    private static func words(_ renamed: Renamed) -> String {
        "renamed \(renamed.node.name)" + (renamed.replaced == nil ? "" : ", replaced")
            + (renamed.absorbed == nil ? "" : ", absorbed")
    }

    /// What shows in the slots: unpublished bytes, and files that are held.
    func slots() throws -> [String] {
        var lines: [String] = []
        for (slot, open) in drafts.sorted(by: { $0.key < $1.key }) {
            let bytes = try client.draftBytes(open.draft, count: Int(open.size) + 1)
            let data = try client.data(of: .draft(open.draft))
            lines.append("draft \(slot) of \(open.path): \(StoreView.words(bytes)), data \(data)")
        }
        for (slot, id) in held.sorted(by: { $0.key < $1.key }) {
            let node = try client.store.node(id)
            var line = "held \(slot): \(node.kind), \(node.isUnlinked ? "unlinked" : "linked")"
            if node.kind != .directory { line += ", " + StoreView.words(try client.bytes(of: id)) }
            lines.append(line)
        }
        return lines
    }
}
