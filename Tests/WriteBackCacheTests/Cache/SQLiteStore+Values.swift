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

    func node(_ namespace: Namespace, _ name: String) throws -> Node {
        try lookup(FileName(unchecked: Array(name.utf8)), in: namespace.node)
    }

    /// What a program reads: what is not here is brought, as the filesystem does it.
    func bytes(of node: Node, at offset: UInt64 = 0, count: Int? = nil) async throws -> [UInt8] {
        while true {
            do throws(StoreError) {
                return try [UInt8](capacity: count ?? Int(node.size)) { span throws(StoreError) in
                    try read(node.id, at: offset, into: &span)
                }
            } catch {
                guard let absence = error.absence else { throw error }
                try await absence.bring()
            }
        }
    }

    func text(_ namespace: Namespace, _ name: String) async throws -> String {
        String(decoding: try await bytes(of: try node(namespace, name)), as: UTF8.self)
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
