import Persist
import Synchronization

/// `.persist/` at the root: reached by name, not listed, so that no backup copies it (R12).
///
/// Read-only texts (`status.json`), and the versions that are under no name (`rejected/`, `conflicts/`), which may
/// be removed. Opened with direct I/O, since nobody knows their size beforehand.
final class ControlFiles: Sendable {
    static let rootName: FileName = ".persist"
    /// Numbers from here on are never a store's.
    private static let first: UInt64 = 1 << 62

    /// What an id stands for. Paths are below `.persist`.
    private struct Table: Sendable {
        var paths: [NodeID: [UInt8]] = [:]
        var ids: [[UInt8]: NodeID] = [:]
        /// What an open file reads: as it was at open.
        var texts: [UInt64: [UInt8]] = [:]
        /// Directories that have lost their last file a moment ago.
        var emptied = EmptiedDirectories()
    }

    private let store: any LocalStore
    private let texts: [FileName: @Sendable () -> [UInt8]]
    private let clock: @Sendable () -> Timestamp
    private let owner: (uid: UInt32, gid: UInt32)
    private let table = Mutex(Table())

    static func owns(_ id: NodeID) -> Bool { id.rawValue >= first }

    init(
        store: any LocalStore, texts: [FileName: @Sendable () -> [UInt8]], clock: @escaping @Sendable () -> Timestamp,
        uid: UInt32, gid: UInt32
    ) {
        self.store = store
        self.texts = texts
        self.clock = clock
        owner = (uid, gid)
    }

    var root: Attributes { attributes([], isDirectory: true, size: 0, time: nil) }

    /// - Parameter name: of a conflict copy it may be longer than that of a file.
    func lookup(_ name: FileName, in parent: NodeID) throws(StoreError) -> Attributes {
        let base = try path(of: parent)
        return try find(base.isEmpty ? name.bytes : base + [UInt8(ascii: "/")] + name.bytes)
    }

    func attributes(of id: NodeID) throws(StoreError) -> Attributes { try find(try path(of: id)) }

    func parent(of id: NodeID) -> NodeID {
        guard let path = try? path(of: id), !path.isEmpty else { return .root }
        let slash = path.lastIndex(of: UInt8(ascii: "/")) ?? 0
        return self.id(of: Array(path[..<slash]))
    }

    func list(_ id: NodeID, after cookie: UInt64, limit: Int) throws(StoreError) -> [ListedEntry] {
        let base = try path(of: id)
        let names = try children(of: base)
        var entries: [ListedEntry] = []
        // 16 is the first cookie that a store would give; the order is that of the names.
        for (index, name) in names.enumerated() where UInt64(index) + 16 > cookie && entries.count < limit {
            let path = base.isEmpty ? name.bytes : base + [UInt8(ascii: "/")] + name.bytes
            guard let found = try? find(path) else { continue }
            entries.append(ListedEntry(cookie: UInt64(index) + 16, name: name, attributes: found))
        }
        return entries
    }

    func open(_ id: NodeID, _ flags: OpenFlags, handle: UInt64) throws(StoreError) -> Opened {
        guard !flags.contains(.write) else { throw StoreError(.notPermitted) }
        let path = try path(of: id)
        let text: [UInt8]
        if let name = try? FileName(path), let make = texts[name] {
            text = make()
        } else {
            let (area, rest) = try split(path)
            text = try store.keptBytes(area, rest)
        }
        table.withLock { $0.texts[handle] = text }
        return Opened(handle: handle, usesDirectIO: true, keepsCache: false, needsNoFlush: true)
    }

    func read(_ handle: UInt64, at offset: UInt64, into buffer: inout OutputRawSpan) throws(StoreError) {
        guard let text = table.withLock({ $0.texts[handle] }) else { throw StoreError(.badDescriptor) }
        guard offset < UInt64(text.count) else { return }
        let end = min(text.count, Int(offset) + buffer.freeCapacity)
        buffer.append(text[Int(offset)..<end])
    }

    func release(_ handle: UInt64) { table.withLock { $0.texts[handle] = nil } }

    func unlink(_ name: FileName, in parent: NodeID) throws(StoreError) {
        let found = try lookup(name, in: parent)
        guard found.kind == .file else { throw StoreError(.isDirectory) }
        let path = try path(of: found.id)
        guard path.contains(UInt8(ascii: "/")) else { throw StoreError(.notPermitted) }
        let (area, rest) = try split(path)
        try store.removeKept(area, rest)
        let left = try store.keptVersions(area).map { area.name.bytes + [UInt8(ascii: "/")] + $0.path }
        table.withLock { $0.emptied.removed(path, left: left, at: clock()) }
    }

    /// `rm -r` removes a directory after its files, though it has gone with the last of them.
    func removeDirectory(_ name: FileName, in parent: NodeID) throws(StoreError) {
        let found = try lookup(name, in: parent)
        guard found.kind == .directory else { throw StoreError(.notDirectory) }
        let path = try path(of: found.id)
        guard path.contains(UInt8(ascii: "/")) else { throw StoreError(.notPermitted) }
        guard try children(of: path).isEmpty else { throw StoreError(.notEmpty) }
        table.withLock { $0.emptied.forget(path) }
    }

    // MARK: Inside

    private func id(of path: [UInt8]) -> NodeID {
        table.withLock { table in
            if let id = table.ids[path] { return id }
            let id = NodeID(Self.first + UInt64(table.ids.count))
            table.ids[path] = id
            table.paths[id] = path
            return id
        }
    }

    private func path(of id: NodeID) throws(StoreError) -> [UInt8] {
        guard let path = table.withLock({ $0.paths[id] }) else { throw StoreError(.stale) }
        return path
    }

    /// `rejected/records/a.json` is `records/a.json` of the area.
    private func split(_ path: [UInt8]) throws(StoreError) -> (KeptArea, [UInt8]) {
        let parts = path.split(separator: UInt8(ascii: "/"), maxSplits: 1)
        guard parts.count == 2, let area = KeptArea.allCases.first(where: { $0.name.bytes.elementsEqual(parts[0]) })
        else { throw StoreError(.notFound) }
        return (area, Array(parts[1]))
    }

    private func find(_ path: [UInt8]) throws(StoreError) -> Attributes {
        if path.isEmpty { return root }
        if let name = try? FileName(path) {
            if let make = texts[name] {
                return attributes(path, isDirectory: false, size: UInt64(make().count), time: nil)
            }
            if KeptArea.allCases.contains(where: { $0.name == name }) {
                return attributes(path, isDirectory: true, size: 0, time: nil)
            }
            throw StoreError(.notFound)
        }
        let (area, rest) = try split(path)
        let versions = try store.keptVersions(area)
        if let version = versions.first(where: { $0.path == rest }) {
            return attributes(path, isDirectory: false, size: version.size, time: version.time)
        }
        let isThere =
            versions.contains { $0.path.starts(with: rest + [UInt8(ascii: "/")]) }
            || table.withLock { $0.emptied.contains(path, at: clock()) }
        guard isThere else { throw StoreError(.notFound) }
        return attributes(path, isDirectory: true, size: 0, time: nil)
    }

    private func children(of path: [UInt8]) throws(StoreError) -> [FileName] {
        if path.isEmpty { return (Array(texts.keys) + KeptArea.allCases.map(\.name)).sorted() }
        let area: KeptArea
        var prefix: [UInt8] = []
        if let found = KeptArea.allCases.first(where: { $0.name.bytes == path }) {
            area = found
        } else {
            (area, prefix) = try split(path)
            prefix.append(UInt8(ascii: "/"))
        }
        var names: Set<FileName> = []
        for version in try store.keptVersions(area) where version.path.starts(with: prefix) {
            let rest = version.path[prefix.count...].prefix { $0 != UInt8(ascii: "/") }
            names.insert(FileName(unchecked: Array(rest)))
        }
        for path in table.withLock({ $0.emptied.children(of: path, at: clock()) }) { names.insert(path) }
        return names.sorted()
    }

    private func attributes(_ path: [UInt8], isDirectory: Bool, size: UInt64, time: Timestamp?) -> Attributes {
        let time = time ?? clock()
        return Attributes(
            id: id(of: path), kind: isDirectory ? .directory : .file, mode: isDirectory ? 0o700 : 0o600,
            uid: owner.uid, gid: owner.gid, links: 1, size: size, blocks: (size + 511) / 512, atime: time, mtime: time,
            ctime: time, device: 0, isVolatile: true)
    }
}
