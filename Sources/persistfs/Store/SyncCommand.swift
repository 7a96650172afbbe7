import ArgumentParser
import Persist
import PersistMount
import SQLiteStore

struct SyncCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sync",
        abstract: "Wait until the far side has what is in a mounted store, or the disk has a SQLite store.",
        discussion: """
            Of a mount with a far side: waits until that has everything that was
            closed before, and shows how far it is. A SQLite store has none: this is
            fsync for the whole of it. What open files have not published yet is not
            in it, nor files whose close failed (a full disk).

            Examples:
              persistfs sync ./my-app
              persistfs sync ./data/my-app.db
            """)

    @Argument(help: ArgumentHelp("A mount point, or a SQLite store.", valueName: "STORE|DIR"))
    var store: String

    @Option(help: ArgumentHelp("How long to wait for a far side.", valueName: "SECONDS"))
    var timeout: Int?

    func run() throws {
        if let mount = try Synchronizing.mount(at: store) {
            let progress = Progress()
            defer { progress.end() }
            let done = try mount.run(seconds: timeout) { progress.show($0) }
            return progress.end(with: done)
        }
        let store = try Opening.existing(self.store)
        defer { store.close() }
        try Failing.about(store.path) { () throws(StoreError) in try store.sync() }
    }
}
