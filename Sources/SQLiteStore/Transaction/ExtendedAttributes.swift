internal import Persist

/// All extended attributes of a file in one column: for each the length of the name in one byte, the name, the
/// length of the value in four (little-endian), the value. Sorted by name.
struct ExtendedAttributes {
    private(set) var entries: [(name: [UInt8], value: [UInt8])] = []

    init(_ packed: [UInt8]) throws(StoreError) {
        var rest = packed[...]
        while let length = rest.popFirst() {
            let name = rest.prefix(Int(length))
            rest = rest.dropFirst(Int(length))
            let size = rest.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
            guard rest.count >= 4 + size else { throw StoreError(.corrupt, hint: "damaged extended attributes") }
            entries.append((Array(name), Array(rest.dropFirst(4).prefix(size))))
            rest = rest.dropFirst(4 + size)
        }
    }

    var packed: [UInt8]? {
        guard !entries.isEmpty else { return nil }
        var packed: [UInt8] = []
        for entry in entries {
            packed.append(UInt8(entry.name.count))
            packed += entry.name
            withUnsafeBytes(of: UInt32(entry.value.count).littleEndian) { packed += $0 }
            packed += entry.value
        }
        return packed
    }

    /// Of names and values.
    var byteCount: Int { entries.reduce(0) { $0 + $1.name.count + $1.value.count } }

    subscript(name: [UInt8]) -> [UInt8]? {
        get { entries.first { $0.name == name }?.value }
        set {
            entries.removeAll { $0.name == name }
            if let newValue { entries.append((name, newValue)) }
            entries.sort { $0.name.lexicographicallyPrecedes($1.name) }
        }
    }
}

extension Connection {
    func extendedAttributes(of id: NodeID) throws(StoreError) -> ExtendedAttributes {
        guard let packed = try first("SELECT xattr FROM node WHERE ino = ?", id, read: { $0.bytes(0) }) else {
            throw StoreError(.notFound)
        }
        return try ExtendedAttributes(packed)
    }
}

extension Transaction {
    func setAttribute(
        _ name: [UInt8], to value: [UInt8], mode: AttributeMode, of id: NodeID
    ) throws(StoreError) {
        guard (1...255).contains(name.count) else { throw StoreError(.outOfRange) }
        var attributes = try db.extendedAttributes(of: id)
        switch mode {
        case .set: break
        case .create: guard attributes[name] == nil else { throw StoreError(.exists) }
        case .replace: guard attributes[name] != nil else { throw StoreError(.noAttribute) }
        }
        attributes[name] = value
        guard UInt64(attributes.byteCount) <= limits.attributeBytesMax else {
            throw StoreError(.full, hint: "a file has at most \(limits.attributeBytesMax) bytes of attributes")
        }
        try save(attributes, of: id)
    }

    func removeAttribute(_ name: [UInt8], of id: NodeID) throws(StoreError) {
        var attributes = try db.extendedAttributes(of: id)
        guard attributes[name] != nil else { throw StoreError(.noAttribute) }
        attributes[name] = nil
        try save(attributes, of: id)
    }

    private func save(_ attributes: ExtendedAttributes, of id: NodeID) throws(StoreError) {
        try db.run("UPDATE node SET xattr = ?2, ctime = ?3 WHERE ino = ?1", id, attributes.packed, now)
        tellAttributes(id)
    }
}
