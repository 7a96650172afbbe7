import ArgumentParser
import PersistMount

struct RefreshCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "refresh",
        abstract: "Show now what others have changed on the far side of a mount.",
        discussion: """
            A mount looks at its far side by itself, as often as -o refresh_seconds=N
            says. This has it look at once, and waits until what was there before
            shows. A SQLite store shows what others do within moments anyway.

            Example:
              persistfs refresh ./my-app
            """)

    @Argument(help: ArgumentHelp("A mount point.", valueName: "DIR"))
    var directory: String

    @Option(help: ArgumentHelp("How long to wait; else as long as it takes.", valueName: "SECONDS"))
    var timeout: Int?

    func run() throws {
        try Refreshing(at: directory).run(seconds: timeout) { Standard.error($0) }
    }
}
