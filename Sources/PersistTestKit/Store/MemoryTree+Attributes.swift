internal import Persist

/// chmod, chown, utimensat and extended attributes.
extension MemoryTree {
    mutating func setAttributes(_ id: NodeID, _ change: AttributeChange) throws(StoreError) -> Node {
        var node = try entry(id).node
        if let mode = change.mode { node.mode = mode }
        if let uid = change.uid { node.uid = uid }
        if let gid = change.gid { node.gid = gid }
        if let mtime = change.mtime { node.mtime = mtime }
        if let atime = change.atime { node.atime = atime }
        node.ctime = change.time
        entries[id]?.node = node
        return node
    }

    func attribute(_ name: [UInt8], of id: NodeID) throws(StoreError) -> [UInt8] {
        guard let value = try entry(id).attributes[name] else { throw StoreError(.noAttribute) }
        return value
    }

    func attributeNames(of id: NodeID) throws(StoreError) -> [[UInt8]] {
        try entry(id).attributes.keys.sorted { $0.lexicographicallyPrecedes($1) }
    }

    mutating func setAttribute(
        _ name: [UInt8], to value: [UInt8], mode: AttributeMode, of id: NodeID, now: Timestamp
    ) throws(StoreError) {
        var attributes = try entry(id).attributes
        switch mode {
        case .set: break
        case .create: guard attributes[name] == nil else { throw StoreError(.exists) }
        case .replace: guard attributes[name] != nil else { throw StoreError(.noAttribute) }
        }
        attributes[name] = value
        let size = attributes.reduce(0) { $0 + $1.key.count + $1.value.count }
        guard UInt64(size) <= limits.attributeBytesMax else { throw StoreError(.full) }
        entries[id]?.attributes = attributes
        entries[id]?.node.ctime = now
    }

    mutating func removeAttribute(_ name: [UInt8], of id: NodeID, now: Timestamp) throws(StoreError) {
        guard try entry(id).attributes[name] != nil else { throw StoreError(.noAttribute) }
        entries[id]?.attributes[name] = nil
        entries[id]?.node.ctime = now
    }
}
