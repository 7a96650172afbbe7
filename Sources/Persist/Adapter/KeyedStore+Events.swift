/// Events as values: one line each, under its position in the stream.
extension KeyedStore {
    /// Appends a line, with or without its newline in `value`.
    ///
    /// At a position that the stream has passed, the same event is there already, or it is refused: copying a store
    /// twice doubles nothing.
    func putEvent(
        _ value: [UInt8], at position: UInt64?, to names: [FileName], _ key: StoreKey
    ) throws(StoreError) {
        let line = value.last == EventLines.newline ? value.dropLast() : value[...]
        guard !line.contains(EventLines.newline) else {
            throw StoreError(.invalid, key: key, hint: "an event is one line")
        }
        try again(key) { () throws(StoreError) in
            let parent = try makeDirectories(names.dropLast(), in: .events, key)
            let name = names[names.count - 1]
            let found = try lookup(name, in: parent)
            if let found, let position, position < found.size {
                guard try event(at: position, of: names, key)?.elementsEqual(line) == true else {
                    throw StoreError(.notPermitted, key: key, hint: "another event is there, and events never change")
                }
                return
            }
            let now = Timestamp.now()
            let id = if let found { found.id } else { try store.reserveNodeID() }
            let creation = Creation(
                id: id, parent: parent, name: name, kind: .file, mode: nil, uid: nil, gid: nil, time: now)
            _ = try store.append(
                Append(
                    stream: id, creation: found == nil ? creation : nil, bytes: line + [EventLines.newline],
                    start: .newLine, time: now))
        }
    }

    /// The event that begins at `position`; nil where none does.
    func event(at position: UInt64, of names: [FileName], _ key: StoreKey) throws(StoreError) -> [UInt8]? {
        guard let stream = try find(names, in: .events), position < stream.size else { return nil }
        if position > 0 {
            let before = try [UInt8](capacity: 1) { span throws(StoreError) in
                try store.read(stream.id, at: position - 1, into: &span)
            }
            guard before == [EventLines.newline] else { return nil }
        }
        var lines = KeyedLines(stream: stream.id, offset: position)
        return try lines.next(of: store)?.line
    }
}

/// Reads a stream line by line, a bounded block at a time.
struct KeyedLines {
    let stream: NodeID
    private(set) var offset: UInt64
    private var block: ArraySlice<UInt8> = []

    private static let blockBytes = 64 << 10

    init(stream: NodeID, offset: UInt64 = 0) {
        self.stream = stream
        self.offset = offset
    }

    /// The next line, without its newline, and where it begins; the last may have had none.
    mutating func next(of store: any LocalStore) throws(StoreError) -> (position: UInt64, line: [UInt8])? {
        var searched = 0
        while true {
            if let end = block.dropFirst(searched).firstIndex(of: EventLines.newline) {
                return take(Array(block[..<end]), skipping: 1)
            }
            searched = block.count
            let more = try [UInt8](capacity: Self.blockBytes) { span throws(StoreError) in
                try store.read(stream, at: offset + UInt64(searched), into: &span)
            }
            guard !more.isEmpty else { return block.isEmpty ? nil : take(Array(block), skipping: 0) }
            block = Array(block)[...] + more
        }
    }

    private mutating func take(_ line: [UInt8], skipping: Int) -> (position: UInt64, line: [UInt8]) {
        let position = offset
        block = block.dropFirst(line.count + skipping)
        offset += UInt64(line.count + skipping)
        return (position, line)
    }
}
