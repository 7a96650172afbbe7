import ArgumentParser
import Foundation
import Glibc
import Persist
import PersistMount
import SQLiteStore

struct PutCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "put",
        abstract: "Set the value of a key.",
        discussion: """
            The value is VALUE, else the whole of FILE, else of standard input.

            Examples:
              persistfs put ./data/my-app.db kv/theme dark
              persistfs put ./data/my-app.db records/users/alice --from alice.json
              date | persistfs put ./data/my-app.db kv/today
            """)

    @Argument(help: ArgumentHelp("The store; made where there is none.", valueName: "STORE"))
    var store: String

    @Argument(help: ArgumentHelp("The key, the namespace first.", valueName: "KEY"))
    var key: String

    @Argument(help: ArgumentHelp("The value.", valueName: "VALUE"))
    var value: String?

    @Option(
        name: .customLong("from"), help: ArgumentHelp("Take the value from here.", valueName: "FILE"),
        completion: .file())
    var file: String?

    @OptionGroup var far: FarOptions

    func validate() throws {
        if value != nil && file != nil { throw ValidationError("VALUE and --from exclude each other.") }
    }

    func run() throws {
        let key = try KeyArgument.parse(self.key)
        let value = try bytes()
        let opened = try Opening.values(of: self.store, creates: true, far)
        defer { opened.close() }
        let store = opened.store
        try Failing.values(key) { try await KeyedStore(store).put(key, value) }
        try opened.settle()
    }

    private func bytes() throws -> [UInt8] {
        if let value { return Array(value.utf8) }
        // Read to the end: pipes have no size.
        guard let file else { return Array(try FileHandle.standardInput.readToEnd() ?? Data()) }
        guard let handle = FileHandle(forReadingAtPath: file) else {
            throw MountFailure(ShownText.line(file), String(cString: strerror(errno)), status: .failed)
        }
        return Array(try handle.readToEnd() ?? Data())
    }
}
