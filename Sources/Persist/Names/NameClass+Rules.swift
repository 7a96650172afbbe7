extension NameClass {
    /// What a regular file at `path`, the names below its namespace, is. Called on each create: it allocates nothing,
    /// and is no generic, which other modules would call unspecialized.
    ///
    /// - Parameters:
    ///   - namespace: nil, the root, holds plain files only (there are none).
    ///   - isExclusive: the file is created with O_EXCL: `4913` (vim) and `sed??????` are temporary only then.
    ///   - hasValue: the name has a row already. It is a document then, whatever it looks like.
    ///
    /// A name that looks like a document but that no key leads to (`.json`, `%self` at the top) is a plain file.
    public static func of(
        _ path: [FileName], in namespace: Namespace?, isExclusive: Bool = true, hasValue: Bool = false
    ) -> NameClass {
        guard let namespace else { return .plain }
        if hasValue && namespace != .blobs { return .document }
        var last: FileName?
        for name in path {
            // A directory called 4913 is nobody's temporary: only the file itself can be O_EXCL's.
            if let last, isTemporaryName(last.bytes, isExclusive: false) { return .temporary }
            last = name
        }
        guard let last else { return .plain }
        if isTemporaryName(last.bytes, isExclusive: isExclusive) { return .temporary }
        return isDocumentName(last, in: namespace) && PathNames.hasKey(path, in: namespace) ? .document : .plain
    }

    /// Whether one component matches the fixed list of names that programs give to what they will soon rename.
    ///
    /// `*~`, `*.tmp`, `*.part`, `#*#`, `.#*`, `._*`, `.*.sw?`, `.*.??????` (rsync), `.~tmp~`, `.rsync-partial`,
    /// `.goutputstream-*`, `.fuse_hidden*`, `.DS_Store`; where `isExclusive`, also `4913` and `sed??????`.
    public static func isTemporaryName(_ bytes: [UInt8], isExclusive: Bool) -> Bool {
        guard let first = bytes.first, let last = bytes.last else { return false }
        switch last {
        case UInt8(ascii: "~"): return true
        case UInt8(ascii: "p"): if bytes.hasSuffix(".tmp") { return true }
        case UInt8(ascii: "t"): if bytes.hasSuffix(".part") { return true }
        default: break
        }
        return switch first {
        case UInt8(ascii: "."): isHiddenTemporary(bytes)
        case UInt8(ascii: "#"): bytes.count > 1 && last == UInt8(ascii: "#")
        case UInt8(ascii: "4"): isExclusive && bytes.elementsEqual("4913".utf8)
        case UInt8(ascii: "s"): isExclusive && bytes.count == 9 && bytes.hasPrefix("sed")
        default: false
        }
    }

    private static func isHiddenTemporary(_ bytes: [UInt8]) -> Bool {
        let dot = UInt8(ascii: ".")
        let count = bytes.count
        guard count > 1 else { return false }
        if bytes[1] == UInt8(ascii: "#") || bytes[1] == UInt8(ascii: "_") { return true }
        if count >= 8 && bytes[count - 7] == dot { return true }
        if count >= 5 && bytes[count - 4] == dot && bytes[count - 3] == UInt8(ascii: "s")
            && bytes[count - 2] == UInt8(ascii: "w")
        {
            return true
        }
        return bytes.hasPrefix(".goutputstream-") || bytes.hasPrefix(".fuse_hidden")
            || bytes.elementsEqual(".rsync-partial".utf8) || bytes.elementsEqual(".DS_Store".utf8)
    }

    private static func isDocumentName(_ name: FileName, in namespace: Namespace) -> Bool {
        switch namespace {
        // `D.json/%self` holds the value of D where D.json is a directory.
        case .records: name.bytes.hasSuffix(".json") || name.bytes == PathNames.selfName
        case .kv: true
        case .blobs: false
        case .events:
            name.bytes.hasSuffix(".jsonl") || name.bytes.hasSuffix(".ndjson") || name.bytes.hasSuffix(".log")
        }
    }
}

extension [UInt8] {
    /// For literals of at most 15 bytes, which cost no allocation.
    func hasPrefix(_ prefix: String) -> Bool { starts(with: prefix.utf8) }
    func hasSuffix(_ suffix: String) -> Bool { self.suffix(suffix.utf8.count).elementsEqual(suffix.utf8) }
}
