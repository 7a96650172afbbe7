import ArgumentParser
import PersistMount

struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show what is mounted where, and what needs attention.",
        discussion: """
            Rejected documents and conflicts are shown with the reason; their bytes
            lie in DIR/.persist/rejected and DIR/.persist/conflicts.

            Examples:
              persistfs status
              persistfs status ./my-app --json
            """)

    @Argument(help: ArgumentHelp("Only the mount at this directory.", valueName: "DIR"), completion: .directory)
    var directory: String?

    @Flag(help: "For programs: an array with one object a mount.")
    var json = false

    func run() throws {
        let mounts = try MountList.find(at: directory)
        if json {
            try Standard.print(json: mounts)
        } else if mounts.isEmpty {
            try Standard.print("Nothing is mounted.")
        } else {
            try Standard.print(mounts.map(StatusText.text).joined(separator: "\n"))
        }
    }
}
