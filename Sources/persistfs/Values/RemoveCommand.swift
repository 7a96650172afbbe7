import ArgumentParser
import Persist
import PersistMount
import SQLiteStore

struct RemoveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rm",
        abstract: "Remove keys and their values.",
        discussion: """
            Events are not removed by this: a log only grows.

            Example:
              persistfs rm ./data/my-app.db records/users/alice kv/theme
            """)

    @Argument(help: ArgumentHelp("The store.", valueName: "STORE"))
    var store: String

    @Argument(help: ArgumentHelp("The keys.", valueName: "KEY"))
    var keys: [String]

    @Flag(name: [.customShort("f"), .customLong("force")], help: "A key that is not there is no error.")
    var isForced = false

    @OptionGroup var far: FarOptions

    func run() throws {
        let keys = try self.keys.map(KeyArgument.parse)
        let opened = try Opening.values(of: self.store, far)
        defer { opened.close() }
        let store = opened.store
        var missing: MountFailure?
        for key in keys {
            let keyed = KeyedStore(store)
            let isForced = isForced
            let isThere = try Failing.values(key) {
                if !isForced, try await keyed.get(key) == nil { return false }
                try await keyed.delete(key)
                return true
            }
            guard isThere else {
                missing = MountFailure(ShownText.line(key.bytes), "no such key", status: .notFound)
                continue
            }
        }
        try opened.settle()
        if let missing { throw missing }
    }
}
