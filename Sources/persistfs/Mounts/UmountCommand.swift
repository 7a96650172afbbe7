import ArgumentParser
import PersistMount

struct UmountCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "umount",
        abstract: "Unmount, and wait until the store is complete: one file, or the far side.",
        discussion: """
            Of a store with a far side: waits until that has everything. What it does
            not take, because it does not answer, waits in the cache for the next
            mount: then the exit code is 7, and it says how much that is. Where
            programs are in the directory, they are named. A dead mount
            ("Transport endpoint is not connected") is cleared.

            Example:
              persistfs umount ./my-app
            """)

    @Argument(help: ArgumentHelp("The mount point.", valueName: "DIR"), completion: .directory)
    var directory: String

    @Option(help: ArgumentHelp("How long to wait for the background process.", valueName: "SECONDS"))
    var timeout = 60

    func run() throws {
        let progress = Progress()
        defer { progress.end() }
        let done = try Unmount.run(directory, seconds: max(1, timeout)) { progress.show($0) }
        progress.end()
        if let note = done.note { Standard.error(note) }
    }
}
