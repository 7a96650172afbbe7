import ArgumentParser
import Persist
import PersistMount

struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version",
        abstract: "Print the version.",
        discussion: """
            Example:
              persistfs version --json
            """)

    @Flag(help: "For programs.")
    var json = false

    private struct Answer: Encodable {
        var version: String
        var adapters: [String]
    }

    func run() throws {
        if json {
            try Standard.print(json: Answer(version: Version.text, adapters: StoreConfiguration.adapters))
        } else {
            try Standard.print("persistfs \(Version.text)")
        }
    }
}
