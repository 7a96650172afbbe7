import ArgumentParser
import Persist
import PersistMount
import SQLiteStore

struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Verify a whole store, mounted or not.",
        discussion: """
            Prints the path of each thing that is broken and what is wrong with it.
            Exits with 0 where all is well, with 3 where something is broken.

            Example:
              persistfs check ./data/my-app.db
            """)

    @Argument(help: ArgumentHelp("The store.", valueName: "STORE"))
    var store: String

    @Flag(help: "For programs: an object with the list of findings.")
    var json = false

    private struct Answer: Encodable {
        struct Finding: Encodable {
            var path: String
            var problem: String
        }
        var store: String
        var isSound: Bool
        var findings: [Finding]
    }

    func run() throws {
        let store = try Opening.readable(self.store)
        defer { store.close() }
        let findings = try Failing.about(store.path) { () throws(StoreError) in try store.check() }
        if json {
            try Standard.print(
                json: Answer(
                    store: ShownText.line(store.path), isSound: findings.isEmpty,
                    findings: findings.map {
                        Answer.Finding(path: ShownText.line($0.path), problem: ShownText.line($0.problem))
                    }))
        } else if findings.isEmpty {
            try Standard.print("\(ShownText.line(store.path)): all is well")
        } else {
            for finding in findings {
                try Standard.print("\(ShownText.line(finding.path)): \(ShownText.line(finding.problem))")
            }
        }
        if !findings.isEmpty { throw EarlyEnd(status: .damaged) }
    }
}
