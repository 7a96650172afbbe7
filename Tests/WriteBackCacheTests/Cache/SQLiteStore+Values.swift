import Persist
import PersistTestKit
import SQLiteStore
import WriteBackCache

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

    /// What is not here is brought, as the filesystem does it.
    func text(_ namespace: Namespace, _ name: String) async throws -> String {
        while true {
            do throws(StoreError) {
                let node = try lookup(FileName(unchecked: Array(name.utf8)), in: namespace.node)
                let bytes = try [UInt8](capacity: Int(node.size)) { span throws(StoreError) in
                    try read(node.id, at: 0, into: &span)
                }
                return String(decoding: bytes, as: UTF8.self)
            } catch {
                guard let absence = error.absence else { throw error }
                try await absence.bring()
            }
        }
    }
}

extension WriteBackCache {
    /// All that is shown, with what is not here brought.
    func keptTree() async throws -> [String] {
        while true {
            do { return try StoreTree.kept(of: store) } catch let error as StoreError {
                guard let absence = error.absence else { throw error }
                try await absence.bring()
            }
        }
    }
}
