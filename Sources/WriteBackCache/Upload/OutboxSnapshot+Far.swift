import Persist
import SQLiteStore

/// A node as the far side is to see it.
extension OutboxSnapshot {
    var shown: ShownPath { ShownPath(node?.namespace, names) }

    /// All that it is about there: paths, and keys, since a directory and the `%self` in it have one key.
    var paths: Set<[UInt8]> {
        var paths = Set(records.map(\.path) + records.compactMap(\.key))
        if node != nil { paths.insert(shown.text) }
        if let valueKey { paths.insert(valueKey) }
        return paths
    }

    /// The far side has nothing of it under another path.
    var isOfOnePath: Bool { isKept && records.allSatisfy { $0.path == shown.text } }

    /// Whether the far side has it: an empty file that is to become a record is none yet.
    var isKept: Bool { node?.isKept ?? false }

    /// The key of its value, or what those of its events begin with.
    var valueKey: [UInt8]? {
        guard let node, node.kind == .file else { return nil }
        if node.isStream { return EventKey.stream(of: shown).map { EventKey.prefix(ofStream: $0).bytes } }
        return FarKey.content(of: shown, as: node.nameClass)?.storeKey.bytes
    }

    /// - Parameter isDescribed: says also of which value it is, and what its exact bytes are.
    func meta(isDescribed: Bool) -> FarMeta {
        guard let node else { return FarMeta() }
        let kind: FarMeta.Kind =
            switch node.kind {
            case .file: .file
            case .directory: .directory
            case .symlink: .symlink(content)
            case .fifo: .fifo
            case .socket: .socket
            case .characterDevice: .characterDevice(node.device)
            case .blockDevice: .blockDevice(node.device)
            }
        var meta = FarMeta(
            kind, mode: node.mode, uid: node.uid, gid: node.gid, mtime: node.mtime,
            attributes: Dictionary(attributes.map { ($0.name, $0.value) }) { $1 })
        if isDescribed && node.kind == .file && !node.isStream {
            meta.describe(content, isJSON: FarSum.isJSON(shown, as: node.nameClass))
        }
        return meta
    }
}

extension Node {
    var isKept: Bool { !(isDocument && revision == 0) }
}

extension FarRecord {
    /// Its key is what those of its events begin with.
    var isLog: Bool { key?.last == UInt8(ascii: "/") && key?.starts(with: "events/".utf8) == true }

    /// What it has is not certain any more.
    mutating func doubt() {
        guard !isLog else { return }
        let known = sum
        sum = nil
        if let known {
            if !mayHave(known) { tried = (tried ?? []) + known }
        } else if revision != nil {
            tried = tried ?? []
        }
    }

    /// Nothing that is known of here was ever sent, or removed, under this key: its revision is what a listing told of.
    var isUntried: Bool { tried?.isEmpty ?? true }

    /// A value with this sum will be sent in place of what is there.
    mutating func isTrying(_ new: [UInt8]) {
        // What is known to be there makes all that was tried before history.
        if sum != nil { tried = nil }
        if !mayHave(new) { tried = (tried ?? []) + new }
    }

    /// It is certain that the value with this sum is there.
    func having(_ sum: [UInt8], _ revision: Revision?, at time: Timestamp? = nil) -> FarRecord {
        var record = self
        (record.sum, record.tried, record.revision, record.modified) = (sum, nil, revision, time)
        return record
    }

    /// Of a log: the last event of a segment that was sent, and nobody knows whether that came through: sent again, it
    /// is the same to the byte.
    var segmentEnd: Int64? {
        get { numbers(markedBy: 2, count: 1)?[0] }
        set { tried = newValue.map { Self.bytes([$0], markedBy: 2) } }
    }

    /// Of a log: the last event that was sent has no end yet, or had none; which of its bytes went last, under `position`.
    /// Others may have them: sent again they are the same, and what comes behind them goes as an event of its own.
    var openPiece: Range<Int>? {
        get {
            guard let ends = numbers(markedBy: 1, count: 2), ends[0] <= ends[1] else { return nil }
            return Int(ends[0])..<Int(ends[1])
        }
        set { tried = newValue.map { Self.bytes([Int64($0.lowerBound), Int64($0.upperBound)], markedBy: 1) } }
    }

    private func numbers(markedBy mark: UInt8, count: Int) -> [Int64]? {
        guard let tried, tried.count == 1 + 8 * count, tried[0] == mark else { return nil }
        return (0..<count).map { tried[(1 + 8 * $0)...].prefix(8).reduce(0) { $0 << 8 | Int64($1) } }
    }

    private static func bytes(_ numbers: [Int64], markedBy mark: UInt8) -> [UInt8] {
        numbers.reduce(into: [mark]) { bytes, number in
            bytes += stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: number >> Int64($0)) }
        }
    }
}

extension EventKey.Position {
    /// As `FarRecord.position` has it.
    init(stored: Int64, writer: UInt32) {
        self.init(
            milliseconds: UInt64(bitPattern: stored) >> 16, count: UInt16(truncatingIfNeeded: stored), writer: writer)
    }

    var stored: Int64 { Int64(bitPattern: milliseconds << 16 | UInt64(count)) }
}

extension FarSum {
    /// Whether the value under this key is compared as a document.
    static func isJSON(_ key: StoreKey) -> Bool { key.hasPrefix("records/") }
}

extension FarChange {
    /// A value with its side data, if any.
    init(
        path: ShownPath, value: [UInt8], key: StoreKey, metaKey: StoreKey?, meta bytes: [UInt8]?, isJSON: Bool,
        isValue: Bool
    ) {
        let sum = FarSum(of: value, isJSON: isJSON)
        let meta = FarMeta(decoding: bytes).current(for: value, isJSON: isJSON, firstSeen: .now())
        self.init(
            namespace: path.namespace, names: path.names,
            content: .file(meta.content(for: value, isJSON: isJSON), isValue: isValue), mode: meta.mode, uid: meta.uid,
            gid: meta.gid, mtime: meta.mtime, attributes: meta.attributes.map { ($0.key, $0.value) }, key: key.bytes,
            sum: sum.digest, metaKey: bytes == nil ? nil : metaKey?.bytes, meta: bytes.map(FarMeta.canonical))
        hasOwnMeta = meta.isCarried || bytes != nil && meta.sum != nil
    }

    /// What has no value of its own: a directory, a symlink, a special file; a log. nil for any other file.
    init?(path: ShownPath, metaKey: StoreKey, meta bytes: [UInt8]) {
        let meta = FarMeta(decoding: bytes)
        let content: Content
        var key: [UInt8]?
        switch meta.kind {
        case .file:
            guard meta.isOfLog(at: path), let stream = EventKey.stream(of: path) else { return nil }
            key = EventKey.prefix(ofStream: stream).bytes
            content = .log
        case .directory: content = .directory
        case .symlink(let target): content = .symlink(target)
        case .fifo: content = .special(.fifo, device: 0)
        case .socket: content = .special(.socket, device: 0)
        case .characterDevice(let device): content = .special(.characterDevice, device: device)
        case .blockDevice(let device): content = .special(.blockDevice, device: device)
        }
        self.init(
            namespace: path.namespace, names: path.names, content: content, mode: meta.mode, uid: meta.uid,
            gid: meta.gid, mtime: meta.mtime, attributes: meta.attributes.map { ($0.key, $0.value) }, key: key,
            metaKey: metaKey.bytes, meta: FarMeta.canonical(bytes))
    }
}

extension FarMeta {
    /// What cannot be understood counts as none.
    init(decoding bytes: [UInt8]?) {
        if let bytes, case .meta(let meta) = FarMeta.decode(bytes) { self = meta } else { self.init() }
    }

    /// Of a log, whose events have keys of their own. A file of that name that is none (in a temporary directory) has the
    /// sum of its value.
    func isOfLog(at path: ShownPath) -> Bool { kind == .file && sum == nil && EventKey.stream(of: path) != nil }

    /// As `encoded` gives it, whatever a host has made of it.
    static func canonical(_ bytes: [UInt8]) -> [UInt8] { CanonicalJSON.form(of: bytes) ?? bytes }
}
