import ArgumentParser
import Persist
import PersistMount
import SQLiteStore

struct ListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls",
        abstract: "List a store without mounting it.",
        usage: "persistfs ls [-l] [-R] [--json] [--cache-dir DIR] STORE [DIRECTORY]",
        discussion: """
            Directories end with a slash; everything else is the key that get, put and
            rm take: in records/ without .json.

            Examples:
              persistfs ls ./data/my-app.db
              persistfs ls -l ./data/my-app.db records/users
              persistfs ls -R --json ./data/my-app.db
              persistfs ls "exec:python3 ./my_adapter.py" kv
            """)

    @Argument(help: ArgumentHelp("The store.", valueName: "STORE"))
    var store: String

    @Argument(help: ArgumentHelp("A directory of the store; by default all.", valueName: "DIRECTORY"))
    var directory: String?

    @Flag(name: .customShort("l"), help: "With sizes and times.")
    var isLong = false

    @Flag(name: [.customShort("R"), .customLong("recursive")], help: "With everything below.")
    var isRecursive = false

    @Flag(help: "For programs: one object a line.")
    var json = false

    private struct JSONLine: Encodable {
        /// Of a value.
        var key: String?
        /// Below a mount.
        var path: String
        var isDirectory: Bool
        var bytes: UInt64
        var modified: String
    }

    @OptionGroup var far: FarOptions

    func run() throws {
        let opened = try Opening.values(of: self.store, onlyReads: true, far)
        defer { opened.close() }
        let store = opened.store
        let start = try find(in: store)
        try list(start, in: store)
    }

    private func find(in store: SQLiteStore) throws -> NodeID {
        let text = directory ?? ""
        var id = NodeID.root
        for part in text.utf8.split(separator: UInt8(ascii: "/")) {
            let node = try Failing.about(text) { () throws(StoreError) in
                try store.lookup(FileName(Array(part)), in: id)
            }
            guard node.kind == .directory else {
                throw MountFailure(ShownText.line(text), "is no directory", status: .failed)
            }
            id = node.id
        }
        return id
    }

    private func list(_ directory: NodeID, in store: SQLiteStore) throws {
        var cookie: UInt64 = 0
        while true {
            let from = cookie
            let entries = try Failing.about(self.store) { () throws(StoreError) in
                try store.list(directory, after: from, limit: 1000)
            }
            guard let last = entries.last else { return }
            cookie = last.cookie
            for entry in entries {
                try show(entry.node, in: store)
                if isRecursive, entry.node.kind == .directory { try list(entry.node.id, in: store) }
            }
        }
    }

    /// What has gone since it was listed is not shown.
    private func show(_ node: Node, in store: SQLiteStore) throws {
        guard let path = try? store.path(of: node.id) else { return }
        let isDirectory = node.kind == .directory
        let key = isDirectory ? nil : (try? store.key(of: node.id)) ?? nil
        if json {
            return try Standard.print(
                json: JSONLine(
                    key: key.map { ShownValue.text($0.bytes) }, path: ShownValue.text(path), isDirectory: isDirectory,
                    bytes: node.size, modified: TimeText.text(node.mtime)),
                pretty: false)
        }
        let shown = ShownText.line(key?.bytes ?? path) + (isDirectory ? "/" : "")
        guard isLong else { return try Standard.print(shown) }
        let size = isDirectory ? "-" : "\(node.size)"
        let padding = String(repeating: " ", count: max(0, 12 - size.count))
        try Standard.print("\(padding)\(size)  \(TimeText.text(node.mtime))  \(shown)")
    }
}
