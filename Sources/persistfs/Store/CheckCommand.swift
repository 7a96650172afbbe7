import ArgumentParser
import Persist
import PersistMount
import SQLiteStore

struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Verify a whole store, mounted or not; repair one that is not.",
        usage: """
            persistfs check [--repair [--backup FILE | --no-backup]] [--json] STORE
            persistfs check --rebuild [--cache-dir DIR] STORE
            """,
        discussion: """
            Prints the path of each thing that is broken and what is wrong with it.
            Exits with 0 where all is well, with 3 where something is broken.

            --repair mends what it can, while nobody has the store open, and says what it
            did. It copies the file first, to STORE.before-repair. What has lost its way
            is found in lost+found in one of the four directories, what is no document
            any more in .persist/rejected. Of a file whose pages are damaged it saves
            what can be read into a new store, STORE.salvaged, and changes nothing. Exits
            with 0 where all is well now, with 3 where something is still broken, with 7
            where the store is mounted or open.

            --rebuild makes the local copy of a bucket, or another far side, anew, from
            what is there. A copy that holds what has not been sent stays (exit code 7);
            one that cannot be read is set aside.

            Examples:
              persistfs check ./data/my-app.db
              persistfs check --repair ./data/my-app.db
              persistfs check --rebuild s3://my-bucket/my-app
            """)

    @Argument(help: ArgumentHelp("The store.", valueName: "STORE"))
    var store: String

    @Flag(help: "Mend what is broken.")
    var repair = false

    @Option(help: ArgumentHelp("Copy the file to FILE before it is changed.", valueName: "FILE"))
    var backup: String?

    @Flag(name: .customLong("no-backup"), help: "Make no copy of the file.")
    var hasNoBackup = false

    @Flag(help: "Make the local copy of a far side anew.")
    var rebuild = false

    @OptionGroup var far: FarOptions

    @Flag(help: "For programs: an object with the list of findings.")
    var json = false

    func validate() throws {
        if !repair && (backup != nil || hasNoBackup) {
            throw ValidationError("--backup and --no-backup belong to --repair.")
        }
        if rebuild && (repair || json) { throw ValidationError("--rebuild goes with neither --repair nor --json.") }
        if far.cacheDirectory != nil && !rebuild { throw ValidationError("--cache-dir belongs to --rebuild.") }
        if backup != nil && hasNoBackup { throw ValidationError("--backup and --no-backup exclude each other.") }
    }

    func run() throws {
        let reference = try StoreReference.parse(store)
        for warning in reference.warnings { Standard.error("warning: \(warning)") }
        if rebuild { return try makeAnew(reference) }
        let options = Opening.options(for: reference, onlyReads: !repair)
        let answer =
            repair
            ? CheckAnswer(
                reference.path,
                try OpenStore.repair(
                    reference, options,
                    backup: hasNoBackup ? .none : backup.map { .at(PathText.absolute($0)) } ?? .beside))
            : CheckAnswer(reference.path, try OpenStore.check(reference, options))
        do {
            if json { try Standard.print(json: answer) } else { try Standard.print(answer.text) }
        } catch is Standard.ReaderGone {
            // `check … | head -1`: how the store is counts all the same.
        }
        if !answer.isSound { throw EarlyEnd(status: .damaged) }
    }

    private func makeAnew(_ reference: StoreReference) throws {
        let rebuilt = try CacheRebuild(
            reference, cacheDirectory: far.cacheDirectory.map(PathText.absolute)
        ) { Standard.error($0) }
        let shown = ShownText.line(reference.shown)
        try Standard.print("\(shown): the local copy is new, of \(CountText.files(Int(rebuilt.entries)))")
        guard let aside = rebuilt.aside else { return }
        try Standard.print(
            """
            The old one is \(ShownText.line(aside)): it could not be read, or holds conflicts or
              rejected versions, which are in it alone. persistfs check --repair may mend it.
            """)
    }
}
