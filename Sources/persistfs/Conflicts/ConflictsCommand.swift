import ArgumentParser
import Persist
import PersistMount

struct ConflictsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "conflicts",
        abstract: "List conflict copies; show what differs; keep mine, theirs or both.",
        discussion: """
            Where two sides have changed a file, the other side's stands under the name
            and this side's is a copy in DIR/.persist/conflicts. Of each file its copies
            are listed: when and where they were written, and what won.

            Examples:
              persistfs conflicts
              persistfs conflicts ./my-app --json
              persistfs conflicts diff ./my-app/records/alice.json
              persistfs conflicts keep mine ./my-app/records/alice.json
            """,
        subcommands: [ConflictListCommand.self, ConflictDiffCommand.self, ConflictKeepCommand.self],
        defaultSubcommand: ConflictListCommand.self)
}

struct ConflictListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List conflict copies (what conflicts alone does).")

    @Argument(help: ArgumentHelp("Only the mount at this directory.", valueName: "DIR"), completion: .directory)
    var directory: String?

    @Flag(help: "For programs: an array with one object a copy.")
    var json = false

    private struct JSONObject: Encodable {
        var mountPoint: String
        /// Of the file, below the mount. This and `copy`, where they are not UTF-8: as the plain output shows them.
        var path: String
        /// Of the copy, below the mount.
        var copy: String
        var host: String
        var time: String
        var bytes: UInt64
        var kind: String
        var words: String

        init(_ conflict: Conflict) {
            mountPoint = conflict.mountPoint
            path = ShownValue.text(conflict.name.path)
            copy = ShownValue.text(Array(".persist/conflicts/".utf8) + conflict.name.bytes)
            host = ShownValue.text(conflict.name.host)
            time = conflict.time
            bytes = conflict.bytes
            kind = conflict.kind.rawValue
            words = conflict.words
        }
    }

    func run() throws {
        let list = try ConflictList.find(at: directory)
        for problem in list.problems { Standard.error("warning: \(problem)") }
        if json { return try Standard.print(json: list.conflicts.map(JSONObject.init)) }
        if list.conflicts.isEmpty { return try Standard.print("No conflicts.") }
        var file: [UInt8] = []
        for conflict in list.conflicts {
            if conflict.filePath != file { try Standard.print(ShownText.line(conflict.filePath)) }
            file = conflict.filePath
            try Standard.print("  \(Self.words(conflict))\n    \(ShownText.line(conflict.copyPath))")
        }
    }

    static func words(_ conflict: Conflict) -> String {
        "\(conflict.time)  on \(ShownText.line(conflict.name.host)), \(conflict.kind.rawValue), "
            + "\(ByteCount.text(conflict.bytes)): \(conflict.words)"
    }
}

struct ConflictDiffCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Show how a conflict copy differs from what stands under the name, by diff(1).",
        discussion: """
            Lines with - are the other side's, lines with + are this side's.

            Example:
              persistfs conflicts diff ./my-app/records/alice.json
            """)

    @Argument(help: ArgumentHelp("The file, or the copy.", valueName: "PATH"), completion: .file())
    var path: String

    func run() throws {
        for conflict in try ConflictList.find(of: path) { try conflict.showDifference() }
    }
}

struct ConflictKeepCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keep",
        abstract: "End a conflict: keep mine, theirs or both.",
        usage: "persistfs conflicts keep mine|theirs|both PATH",
        discussion: """
              mine     the copy gets the name, on the far side too
              theirs   what stands under the name stays; the copy is removed
              both     the copy becomes a file beside the other, with host and time
                       in its name

            Examples:
              persistfs conflicts keep theirs ./my-app/records/alice.json
              persistfs conflicts keep mine "$copy"
            """)

    @Argument(help: ArgumentHelp("mine, theirs or both.", valueName: "WHICH"))
    var which: Which

    @Argument(
        help: ArgumentHelp("The file; where it has several copies, the copy.", valueName: "PATH"), completion: .file())
    var path: String

    enum Which: String, ExpressibleByArgument, CaseIterable {
        case mine, theirs, both

        var keeping: Conflict.Keeping {
            switch self {
            case .mine: .mine
            case .theirs: .theirs
            case .both: .both
            }
        }
    }

    func run() throws {
        let found = try ConflictList.find(of: path)
        guard let conflict = found.first, found.count == 1 else {
            let copies = found.map { ShownText.line($0.copyPath) }.joined(separator: "\n  ")
            throw MountFailure(
                ShownText.line(path), "has \(found.count) copies: which one?\n  \(copies)", status: .usage)
        }
        try Standard.print(try conflict.keep(which.keeping))
    }
}
