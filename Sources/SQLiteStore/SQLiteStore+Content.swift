public import Persist

extension SQLiteStore {
    // MARK: Extended attributes

    public func attribute(_ name: [UInt8], of id: NodeID) throws(StoreError) -> [UInt8] {
        let attributes = try read { db throws(StoreError) in try db.extendedAttributes(of: id) }
        guard let value = attributes[name] else { throw StoreError(.noAttribute) }
        return value
    }

    public func attributeNames(of id: NodeID) throws(StoreError) -> [[UInt8]] {
        try read { db throws(StoreError) in try db.extendedAttributes(of: id) }.entries.map(\.name)
    }

    public func setAttribute(
        _ name: [UInt8], to value: [UInt8], mode: AttributeMode, of id: NodeID
    ) throws(StoreError) {
        try write { tx throws(StoreError) in try tx.setAttribute(name, to: value, mode: mode, of: id) }
    }

    public func removeAttribute(_ name: [UInt8], of id: NodeID) throws(StoreError) {
        try write { tx throws(StoreError) in try tx.removeAttribute(name, of: id) }
    }

    // MARK: Published content

    /// Up to here a read uses the connection that writes, which has the node at hand.
    private static let shortReadBytes = 32 << 10

    @discardableResult
    public func read(_ id: NodeID, at offset: UInt64, into buffer: inout OutputRawSpan) throws(StoreError) -> Int64 {
        try buffer.withUnsafeMutableBytes { (raw, count) throws(StoreError) in
            var sink = ByteSink(UnsafeMutableRawBufferPointer(rebasing: raw[count...]))
            defer { count += sink.count }
            func read(_ db: Connection) throws(StoreError) -> Int64 { try db.read(id, at: offset, into: &sink) }
            // It may wait for the disk: not on the connection that writes.
            return sink.free > Self.shortReadBytes ? try readers.read(read) : try self.read(read)
        }
    }

    public func nextData(of content: StoredContent, in range: Range<UInt64>) throws(StoreError) -> Range<UInt64>? {
        try readTogether { db throws(StoreError) in
            switch content {
            case .published(let id):
                guard let row = try db.node(id) else { throw StoreError(.notFound) }
                return try db.nextData(of: row, in: range)
            case .draft(let draft):
                guard let state = mount.drafts[draft.id] else { throw StoreError(.notFound) }
                return try db.nextData(of: state, in: range)
            }
        }
    }

    public func publish(_ publication: Publication) throws(StoreError) -> Published {
        // A file that shrinks makes room, and truncate(2) is how a full disk is emptied.
        let isShrinking: Bool
        switch publication.content {
        case .bytes(let bytes): isShrinking = bytes.isEmpty
        case .draft(let content):
            isShrinking = self.isShrinking(content)
            try requireDurable(content.draft)
        }
        guard isShrinking else {
            return try write(leavesDirectories: true, savesFirst: false) { tx throws(StoreError) in
                try tx.publish(publication)
            }
        }
        return try writeFreeing(leavesDirectories: true) { tx throws(StoreError) in try tx.publish(publication) }
    }

    private func isShrinking(_ content: DraftContent) -> Bool {
        content.changedChunks == 0 && content.size < content.draft.baseSize
            || content.changedChunks < mount.drafts[content.draft.id]?.freedChunks ?? 0
    }

    // MARK: Drafts

    public func openDraft(of id: NodeID, isNew: Bool) throws(StoreError) -> Draft {
        guard !isReadOnly else { throw StoreError(.readOnly) }
        // With the writer's lock held: who comes in between finds the draft, and registers it.
        let (draft, mustRegister) = try writer.use { db throws(StoreError) in
            try db.run("BEGIN")
            defer { _ = try? db.run("COMMIT") }
            let state = try newDraft(id, isNew: isNew, db)
            mount.drafts[state.draft.id] = state
            return (state.draft, mount.hasPeers)
        }
        guard mustRegister else { return draft }
        do throws(StoreError) {
            try write { tx throws(StoreError) in try tx.save(try tx.draft(draft)) }
        } catch {
            mount.drafts[draft.id] = nil
            throw error
        }
        return draft
    }

    private func newDraft(_ id: NodeID, isNew: Bool, _ db: Connection) throws(StoreError) -> DraftState {
        var base = DraftState.Base.none
        var (revision, size): (Int64, UInt64) = (0, 0)
        if !isNew {
            guard let row = try db.node(id) else { throw StoreError(.notFound) }
            guard !row.isDirectory else { throw StoreError(.isDirectory) }
            (revision, size) = (row.node.revision, row.node.size)
            if let body = row.body, !row.isStream {
                // What is written must not lie over what somebody else may replace meanwhile.
                try db.requireHere(row)
                base = .body(body)
            } else if size > 0 {
                base = .bytes(try db.bytes(of: row))
            }
        }
        let draft = Draft(id: mount.drafts.newID(), node: id, baseRevision: revision, baseSize: size)
        return DraftState(draft: draft, base: base, size: size, baseLimit: size)
    }

    public func writeDraft(_ content: DraftContent) throws(StoreError) {
        var placed: [Int64] = []
        defer { mount.bodyFiles?.startWriting(placed) }
        func apply(_ tx: Transaction) throws(StoreError) {
            try tx.save(try tx.apply(content, to: try tx.draft(content.draft), isOfMany: true))
            placed = tx.placedSlots
        }
        // Holes make room, as truncate(2) does.
        guard !content.holes.isEmpty, content.changedChunks == 0, content.shared.isEmpty else {
            return try write(leavesDirectories: true, savesFirst: false) { tx throws(StoreError) in try apply(tx) }
        }
        try writeFreeing(leavesDirectories: true) { tx throws(StoreError) in try apply(tx) }
    }

    public func readDraft(_ draft: Draft, at offset: UInt64, into buffer: inout OutputRawSpan) throws(StoreError) {
        try buffer.withUnsafeMutableBytes { (raw, count) throws(StoreError) in
            var sink = ByteSink(UnsafeMutableRawBufferPointer(rebasing: raw[count...]))
            defer { count += sink.count }
            try readTogether { db throws(StoreError) in
                guard let state = mount.drafts[draft.id] else { throw StoreError(.notFound) }
                try db.read(state, at: offset, into: &sink)
            }
        }
    }

    public func keepDraft(_ content: DraftContent, creation: Creation?, mtime: Timestamp) throws(StoreError) {
        try requireDurable(content.draft)
        func keep(_ tx: Transaction) throws(StoreError) {
            try tx.saveOutbox()
            try tx.keepDraft(content, creation: creation, mtime: mtime)
        }
        // fallocate(1) syncs the file that it has made holes in.
        guard isShrinking(content) else {
            return try write(leavesDirectories: true, savesFirst: false) { tx throws(StoreError) in try keep(tx) }
        }
        try writeFreeing(leavesDirectories: true) { tx throws(StoreError) in try keep(tx) }
    }

    public func dropDraft(_ draft: Draft) throws(StoreError) {
        guard let state = mount.drafts[draft.id] else { return }
        guard state.isRegistered else {
            mount.drafts[draft.id] = nil
            return
        }
        try writeFreeing(isInterruptible: false, leavesDirectories: true) { tx throws(StoreError) in
            try tx.drop(state, of: mount.id)
        }
    }

    // MARK: Streams

    public func append(_ append: Append) throws(StoreError) -> Appended {
        try write(leavesDirectories: true) { tx throws(StoreError) in try tx.append(append) }
    }

    /// In one transaction; where one of them is refused, or the disk refuses all, each in its own. Another program that
    /// holds the file is waited for once: what comes of that is so for all of them.
    public func append(_ appends: [Append]) -> [Result<Appended, StoreError>] {
        var heldUp: StoreError?
        func attempt<R>(_ body: () throws(StoreError) -> R) -> Result<R, StoreError> {
            if let heldUp { return .failure(heldUp) }
            do throws(StoreError) { return .success(try body()) } catch {
                if error.kind == .timedOut || error.kind == .interrupted { heldUp = error }
                return .failure(error)
            }
        }
        if appends.count > 1 {
            let together = attempt { () throws(StoreError) in
                try write(leavesDirectories: true) { tx throws(StoreError) in
                    var appended: [Appended] = []
                    for append in appends { appended.append(try tx.append(append)) }
                    return appended
                }
            }
            if case .success(let appended) = together { return appended.map { .success($0) } }
        }
        return appends.map { append in attempt { () throws(StoreError) in try self.append(append) } }
    }

    public func removeEvents(of id: NodeID, at time: Timestamp) throws(StoreError) -> Node {
        // That is how a disk full of logs is emptied.
        try writeFreeing { tx throws(StoreError) in try tx.removeEvents(of: id, at: time) }
    }

    public func keepTail(_ tail: TailID?, of id: NodeID, bytes: [UInt8]) throws(StoreError) -> TailID {
        try write(leavesDirectories: true) { tx throws(StoreError) in try tx.keepTail(tail, of: id, bytes: bytes) }
    }

    public func dropTail(_ tail: TailID) throws(StoreError) {
        _ = try writeFreeing(leavesDirectories: true) { tx throws(StoreError) in
            try tx.db.run("DELETE FROM tail WHERE id = ?", tail.rawValue)
        }
    }

    // MARK: Rejected and conflicting versions

    public func keepRejected(_ path: [UInt8], bytes: [UInt8], error: String) throws(StoreError) {
        try write { tx throws(StoreError) in try tx.keepRejected(path, bytes: bytes, error: error) }
    }

    public func keptVersions(_ area: KeptArea) throws(StoreError) -> [KeptVersion] {
        try read { db throws(StoreError) in
            try db.all(
                "SELECT path, length(bytes), time, error FROM kept WHERE area = ? ORDER BY path", Int64(area.rawValue)
            ) { row throws(StoreError) in
                KeptVersion(path: row.bytes(0), size: UInt64(row.int(1)), time: row.time(2), error: row.string(3))
            }
        }
    }

    public func keptBytes(_ area: KeptArea, _ path: [UInt8]) throws(StoreError) -> [UInt8] {
        let found = try read { db throws(StoreError) in
            try db.first(
                "SELECT bytes FROM kept WHERE area = ? AND path = ?", Int64(area.rawValue), path,
                read: { $0.bytes(0) })
        }
        guard let found else { throw StoreError(.notFound) }
        return found
    }

    public func removeKept(_ area: KeptArea, _ path: [UInt8]) throws(StoreError) {
        try writeFreeing { tx throws(StoreError) in try tx.removeKept(area, path) }
    }
}
