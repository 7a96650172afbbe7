import Persist

/// What a filesystem with the rules R1 to R6, R8 and R10 should answer, in the plainest way: a tree of names and byte
/// arrays.
///
/// Knows documents of records/, values of kv/, logs of events/ and plain files; paths are
/// `namespace/[directory/]name`.
struct ReferenceTree {
    final class File {
        /// What a crash leaves and a new reader would see without the working copy; nil: never materialized.
        var published: [UInt8]?
        var working: [UInt8]?
        var isModified = false
        var isNew = true
        var isUnlinked = false
        /// Another program took the row away: what its open files show is the store's affair.
        var isForeignGone = false
        /// Moves with each value; 0 is none, or a placeholder.
        var revision = 0
        /// The revision that the writers have seen: another one at publishing is a conflict.
        var base = 0
        var path: String
        var handles: [Int: Handle] = [:]

        init(path: String) { self.path = path }

        var visible: [UInt8] { working ?? published ?? [] }
        var hasWriter: Bool { handles.values.contains { $0.canWrite } }
        /// A document of records/: refused where it is not JSON.
        var isRecord: Bool { ReferenceTree.isRecord(path) }
        /// A document of records/ or kv/.
        var isDocument: Bool { isRecord || path.hasPrefix("kv/") && !ReferenceTree.isTemporary(path) }
        var isStream: Bool { ReferenceTree.isStream(path) }
    }

    struct Handle {
        var canWrite: Bool
        var hasWritten = false
        /// The unfinished line.
        var tail: [UInt8] = []
    }

    var files: [String: File] = [:]
    var directories: Set<String> = ["records", "kv", "blobs", "events"]
    /// What conflicts have put aside; what may have been put aside because its file was removed.
    var conflicts: [[UInt8]] = []
    var mayBeKept: [[UInt8]] = []

    static func isTemporary(_ path: String) -> Bool { path.hasSuffix(".tmp") }
    static func isRecord(_ path: String) -> Bool { path.hasPrefix("records/") && path.hasSuffix(".json") }
    static func isStream(_ path: String) -> Bool {
        path.hasPrefix("events/") && (path.hasSuffix(".jsonl") || path.hasSuffix(".log"))
    }
    static func parent(_ path: String) -> String { String(path[..<path.lastIndex(of: "/")!]) }

    func exists(_ path: String) -> Bool { files[path] != nil || directories.contains(path) }

    func names(_ directory: String) -> Set<String> {
        let all = Array(files.keys) + directories
        return Set(
            all.filter { $0.hasPrefix(directory + "/") && Self.parent($0) == directory }
                .map { String($0.dropFirst(directory.count + 1)) })
    }

    // MARK: Names

    mutating func mkdir(_ path: String) -> StoreError.Kind? {
        guard directories.contains(Self.parent(path)) else { return .notFound }
        guard !exists(path) else { return .exists }
        directories.insert(path)
        return nil
    }

    mutating func rmdir(_ path: String) -> StoreError.Kind? {
        if files[path] != nil { return .notDirectory }
        guard directories.contains(path) else { return .notFound }
        guard names(path).isEmpty else { return .notEmpty }
        directories.remove(path)
        return nil
    }

    mutating func unlink(_ path: String) -> StoreError.Kind? {
        if directories.contains(path) { return .isDirectory }
        guard let file = files[path] else { return .notFound }
        if file.isStream, !file.visible.isEmpty { return .notPermitted }
        files[path] = nil
        file.isUnlinked = true
        return nil
    }

    mutating func rename(_ from: String, _ to: String) -> StoreError.Kind? {
        guard directories.contains(Self.parent(from)), directories.contains(Self.parent(to)) else { return .notFound }
        guard let file = files[from], !directories.contains(to) else { return .invalid }
        // What a program has written to a file that is no document goes along.
        materialize(file)
        if !file.isDocument, file.isModified { publishAsIs(file) }
        if from == to { return nil }
        let target = files[to]
        if let target { materialize(target) }
        // A new document takes the place of another with all that has been written to it.
        let replacesValue = target.map { $0.isDocument && $0.revision != 0 } ?? false
        if replacesValue, file.isDocument, file.isModified, file.isNew, file.base == file.revision,
            let refused = publish(file)
        {
            return refused
        }
        if file.isStream, !file.visible.isEmpty { return .notPermitted }
        if Self.isStream(to) {
            if let refused = moveOverStream(file, target, to) { return refused }
            if target != nil { return nil }
        }
        if Self.isRecord(to), !file.isRecord || file.published!.isEmpty {
            let bytes = file.published!
            let hasValue = !(target?.published ?? []).isEmpty
            if bytes.isEmpty ? hasValue : JSONScanner.check(bytes) != nil { return .rejected }
        }
        target?.isUnlinked = true
        files[from] = nil
        files[to] = file
        file.path = to
        let sawAll = file.base == file.revision
        // What is synced and was never closed is no row, in kv/ under another name neither.
        let isRow = file.isRecord ? !file.published!.isEmpty : file.revision != 0 || !file.isDocument
        file.revision = isRow ? max(1, file.revision) : 0
        file.base = sawAll ? file.revision : -1
        return nil
    }

    // MARK: Opens

    mutating func create(_ path: String, handle: Int) -> StoreError.Kind? {
        guard directories.contains(Self.parent(path)) else { return .notFound }
        guard !exists(path) else { return .exists }
        let file = File(path: path)
        file.handles[handle] = Handle(canWrite: true)
        files[path] = file
        return nil
    }

    func open(_ path: String, handle: Int, canWrite: Bool, truncates: Bool) {
        let file = files[path]!
        file.handles[handle] = Handle(canWrite: canWrite)
        if canWrite, file.working == nil { file.base = file.revision }
        if truncates, !file.isStream, file.published != nil || !file.visible.isEmpty || file.working != nil {
            change(file) { $0 = [] }
        }
    }

    func write(_ file: File, _ handle: Int, at offset: Int, _ bytes: [UInt8]) {
        change(file) { content in
            if content.count < offset + bytes.count {
                content += [UInt8](repeating: 0, count: offset + bytes.count - content.count)
            }
            content.replaceSubrange(offset..<(offset + bytes.count), with: bytes)
        }
        file.handles[handle]!.hasWritten = true
    }

    func truncate(_ file: File, _ handle: Int, to size: Int) {
        change(file) { content in
            content =
                size <= content.count
                ? Array(content[..<size]) : content + [UInt8](repeating: 0, count: size - content.count)
        }
        file.handles[handle]!.hasWritten = true
    }

    func allocate(_ file: File, _ handle: Int, _ range: Range<Int>, clears: Bool, keepsSize: Bool) {
        change(file) { content in
            let size = keepsSize ? content.count : max(content.count, range.upperBound)
            content += [UInt8](repeating: 0, count: size - content.count)
            let part = range.clamped(to: 0..<content.count)
            if clears { content.replaceSubrange(part, with: [UInt8](repeating: 0, count: part.count)) }
        }
        file.handles[handle]!.hasWritten = true
    }

    mutating func flush(_ file: File, _ handle: Int) -> StoreError.Kind? {
        guard file.handles[handle]!.canWrite else { return nil }
        if file.isStream { return flushStream(file, handle) }
        if file.handles[handle]!.hasWritten { return publish(file) }
        materialize(file)
        return nil
    }

    /// FSYNC keeps a draft; the name is there from now on.
    func synced(_ file: File) {
        let isFirst = file.published == nil
        materialize(file)
        // A document that has had no value yet is no row.
        if isFirst, file.isDocument, file.isModified { (file.revision, file.base) = (0, 0) }
    }

    mutating func release(_ file: File, _ handle: Int) {
        if file.isStream { finishTail(file, handle) }
        file.handles[handle] = nil
        guard !file.hasWriter else { return }
        if file.isUnlinked {
            _ = publish(file)
            if file.handles.isEmpty { file.working = nil }
            return
        }
        if publish(file) != nil {
            file.working = nil
            file.isModified = false
            // Another program may have given the name a value meanwhile.
            if file.isNew, file.base == file.revision {
                file.isUnlinked = true
                files[file.path] = nil
            }
        }
        // What is left of a conflict.
        file.working = nil
        if file.handles.isEmpty { file.isNew = false }
    }

    /// Somebody listed the directory: what is in it has a name from now on.
    func list(_ directory: String) {
        for (path, file) in files where Self.parent(path) == directory { materialize(file) }
    }

    // MARK: Inside

    private func change(_ file: File, _ body: (inout [UInt8]) -> Void) {
        var content = file.visible
        body(&content)
        file.working = content
        file.isModified = true
    }

    func materialize(_ file: File) {
        guard !file.isUnlinked, file.published == nil else { return }
        file.published = []
        file.revision = file.isRecord ? 0 : 1
        file.base = file.revision
    }

    private mutating func publish(_ file: File) -> StoreError.Kind? {
        guard !file.isUnlinked else {
            if file.isForeignGone, file.isModified { mayBeKept.append(file.visible) }
            return nil
        }
        guard file.isModified, let bytes = file.working else {
            materialize(file)
            return nil
        }
        if file.isRecord {
            let hasValue = !(file.published ?? []).isEmpty
            if bytes.isEmpty ? hasValue : JSONScanner.check(bytes) != nil { return .rejected }
        }
        if file.isDocument, file.revision != 0, file.base != file.revision, file.published != bytes {
            // The other's value stays; who goes on writing goes on with what was written (R10).
            conflicts.append(bytes)
            file.isModified = false
            file.isNew = false
            for handle in file.handles.keys { file.handles[handle]!.hasWritten = false }
            return nil
        }
        publishAsIs(file)
        return nil
    }

    private func publishAsIs(_ file: File) {
        guard !file.isUnlinked else { return }
        file.published = file.working
        if !file.isRecord || !file.published!.isEmpty { file.revision += 1 }
        file.base = file.revision
        file.working = nil
        file.isModified = false
        file.isNew = false
        for handle in file.handles.keys { file.handles[handle]!.hasWritten = false }
    }
}
