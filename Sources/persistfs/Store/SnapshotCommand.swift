import ArgumentParser
import Persist
import PersistMount
import SQLiteStore

struct SnapshotCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "snapshot",
        abstract: "Copy a store, consistent, also while it is mounted.",
        discussion: """
            The copy is a store of its own, as of one moment. What open files have not
            published yet is not in it. A file that is there already is not replaced.

            Example:
              persistfs snapshot ./data/my-app.db ./backup/my-app-2026-02-01.db
            """)

    @Argument(help: ArgumentHelp("The store.", valueName: "STORE"))
    var store: String

    @Argument(help: ArgumentHelp("The file to make.", valueName: "FILE"))
    var target: String

    func run() throws {
        let target = PathText.absolute(self.target)
        let store = try Opening.readable(self.store)
        defer { store.close() }
        try Failing.about(target) { () throws(StoreError) in try store.snapshot(to: target) }
    }
}
