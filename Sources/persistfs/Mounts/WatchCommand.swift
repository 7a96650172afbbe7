import ArgumentParser
import Glibc
import Persist
import PersistMount
import SQLiteStore

struct WatchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Print what changes in a store, whoever changes it.",
        discussion: """
            One line a change: changed, attributes or removed, and the path below the
            mount; everything, where it was too much to tell one by one. What is not
            printable in a path is \\n, \\t, \\\\ or \\xNN. Ends with Ctrl-C.

            Examples:
              persistfs watch ./data/my-app.db
              persistfs watch ./data/my-app.db --json | jq -r .path
            """)

    @Argument(help: ArgumentHelp("The store.", valueName: "STORE"))
    var store: String

    @Flag(help: "For programs: one object a line.")
    var json = false

    private struct JSONLine: Encodable {
        var change: String
        /// Where the path is UTF-8.
        var path: String?
        /// Where it is not: as the plain output shows it.
        var escapedPath: String?
    }

    func run() throws {
        let end = EndSignal()
        let store = try Opening.existing(self.store)
        defer { store.close() }
        let isJSON = json
        let watch = ChangeWatch(store) { lines in
            do {
                for line in lines { try Self.show(line, isJSON: isJSON) }
            } catch {
                end.raise()
            }
        }
        store.observe(watch)
        Standard.error("watching \(ShownText.line(store.path))")
        end.wait()
        withExtendedLifetime(watch) {}
    }

    private static func show(_ line: ChangeWatch.Line, isJSON: Bool) throws {
        guard isJSON else {
            let words = [line.change.rawValue] + (line.path.map { [ShownText.line($0)] } ?? [])
            return try Standard.print(words.joined(separator: " "))
        }
        var object = JSONLine(change: line.change.rawValue)
        if let path = line.path {
            object.path = String(validating: path, as: UTF8.self)
            if object.path == nil { object.escapedPath = ShownText.line(path) }
        }
        try Standard.print(json: object, pretty: false)
    }
}
