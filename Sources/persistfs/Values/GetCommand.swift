import ArgumentParser
import Persist
import PersistMount
import SQLiteStore

struct GetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get",
        abstract: "Print the value of a key, byte for byte.",
        discussion: """
            Examples:
              persistfs get ./data/my-app.db records/users/alice
              persistfs get ./data/my-app.db kv/theme --json
            """)

    @Argument(help: ArgumentHelp("The store.", valueName: "STORE"))
    var store: String

    @Argument(help: ArgumentHelp("The key, the namespace first.", valueName: "KEY"))
    var key: String

    @Flag(help: "For programs: an object with key, bytes and value (or base64).")
    var json = false

    @OptionGroup var far: FarOptions

    func run() throws {
        let key = try KeyArgument.parse(self.key)
        let opened = try Opening.values(of: self.store, onlyReads: true, far)
        defer { opened.close() }
        let store = opened.store
        let value = try Failing.values(key) { try await KeyedStore(store).get(key) }
        guard let value else {
            throw MountFailure(ShownText.line(key.bytes), "no such key", status: .notFound)
        }
        if json {
            try Standard.print(json: ShownValue(key, value))
        } else {
            try Standard.write(value)
        }
    }
}
