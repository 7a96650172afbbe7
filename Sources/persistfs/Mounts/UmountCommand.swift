import ArgumentParser
import PersistMount

struct UmountCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "umount",
        abstract: "Unmount, and wait until the store is one file again.",
        discussion: """
            Where programs are in the directory, they are named. A dead mount
            ("Transport endpoint is not connected") is cleared.

            Example:
              persistfs umount ./my-app
            """)

    @Argument(help: ArgumentHelp("The mount point.", valueName: "DIR"), completion: .directory)
    var directory: String

    @Option(help: ArgumentHelp("How long to wait for the background process.", valueName: "SECONDS"))
    var timeout = 60

    func run() throws {
        let done = try Unmount.run(directory, seconds: max(1, timeout))
        if let note = done.note { Standard.error(note) }
    }
}
