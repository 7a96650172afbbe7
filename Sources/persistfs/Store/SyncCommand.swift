import ArgumentParser
import Persist
import PersistMount
import SQLiteStore

struct SyncCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sync",
        abstract: "Wait until what is in a store survives loss of power.",
        discussion: """
            A SQLite store has no far side to wait for: this is fsync for the whole
            store. What open files have not published yet is not in it.

            Example:
              persistfs sync ./data/my-app.db
            """)

    @Argument(help: ArgumentHelp("The store.", valueName: "STORE"))
    var store: String

    func run() throws {
        let store = try Opening.existing(self.store)
        defer { store.close() }
        try Failing.about(store.path) { () throws(StoreError) in try store.sync() }
    }
}
