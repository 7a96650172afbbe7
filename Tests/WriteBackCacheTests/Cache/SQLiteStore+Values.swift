import Persist
import PersistTestKit
import SQLiteStore

/// Files of one name, as programs write and read them.
extension SQLiteStore {
    /// Writes and closes.
    @discardableResult
    func put(_ text: String, _ namespace: Namespace, _ name: String) throws -> Node {
        let file = FileName(unchecked: Array(name.utf8))
        if let there = try? lookup(file, in: namespace.node) {
            return try publish(
                Publication(node: there.id, content: .bytes(Array(text.utf8)), mtime: .now(), base: there.revision)
            ).node
        }
        let id = try reserveNodeID()
        let creation = Creation(
            id: id, parent: namespace.node, name: file, kind: .file, mode: 0o644, uid: 1, gid: 2, time: .now())
        return try publish(
            Publication(node: id, creation: creation, content: .bytes(Array(text.utf8)), mtime: .now())
        ).node
    }

    func text(_ namespace: Namespace, _ name: String) throws -> String {
        let node = try lookup(FileName(unchecked: Array(name.utf8)), in: namespace.node)
        let bytes = try [UInt8](capacity: Int(node.size)) { span throws(StoreError) in
            try read(node.id, at: 0, into: &span)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
