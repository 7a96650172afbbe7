import ArgumentParser
import PersistMount

struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show what is mounted where, and what needs attention.",
        discussion: """
            Rejected documents and conflicts are shown with the reason; their bytes
            lie in DIR/.persist/rejected and DIR/.persist/conflicts. What was unmounted by
            umount(8) while files were still to be sent is listed until they are. With
            DIR, what its adapter can and cannot is shown too.

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
            let texts = mounts.map { StatusText.text($0, isWhole: directory != nil) }
            try Standard.print(texts.joined(separator: "\n"))
        }
    }
}
