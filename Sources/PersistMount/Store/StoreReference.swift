internal import Glibc
internal import Linux
internal import Persist
internal import ProcessAdapter
public import S3Adapter

/// What STORE on the command line means: which file or far side, under which name, with which settings.
///
/// A path (there, or to be made), `sqlite:PATH`, `exec:COMMAND`, `s3://BUCKET/PREFIX`, or a configuration
/// `*.persist.json`. Whatever looks like a URL is one: a mistyped or unsupported scheme never becomes a file of that name.
public struct StoreReference: Sendable, Equatable {
    public enum Source: Sendable, Equatable {
        /// The file at `path`.
        case sqlite
        /// A far side behind a program of the user's, which speaks the exec protocol: its path and arguments, and the
        /// directory that it runs in.
        case exec([String], in: String)
        /// A bucket.
        case s3(S3Options)
        /// A far side behind an adapter of the program that mounts it, under this name.
        case adapter(String)
    }

    public var source: Source
    /// Absolute; its last component need not exist. Empty where there is no file of the user's.
    public var path: String
    /// What names the store for a person, and tells it from others.
    public var shown: String
    /// What the configuration calls the mount.
    public var name: String?
    public var busyMilliseconds: Int?
    /// The `*.persist.json` that says all this; nil: the command line does.
    var configuration: String?
    /// Of `exec`: variables beside those of this process.
    public var environment: [String: String] = [:]
    /// What the configuration says of the cache; a mount's own options go before it.
    public var cacheDirectory: String?
    public var refreshMilliseconds: Int64?
    public var settleMilliseconds: Int64?
    /// Lines for the user: settings that mean nothing here.
    public var warnings: [String]

    public init(path: String, name: String? = nil, busyMilliseconds: Int? = nil, warnings: [String] = []) {
        source = .sqlite
        self.path = path
        shown = path
        self.name = name
        self.busyMilliseconds = busyMilliseconds
        self.warnings = warnings
    }

    /// - Parameters:
    ///   - command: not empty.
    ///   - shown: the same without secrets; nil: there are none.
    public init(
        exec command: [String], in directory: String, shown: [String]? = nil, name: String? = nil,
        warnings: [String] = []
    ) {
        source = .exec(command, in: directory)
        path = ""
        self.shown = "exec:" + (shown ?? command).joined(separator: " ")
        self.name = name
        self.warnings = warnings
    }

    public init(s3 options: S3Options, name: String? = nil, warnings: [String] = []) {
        source = .s3(options)
        path = ""
        shown = "s3://" + options.bucket + (options.prefix.isEmpty ? "" : "/" + options.prefix)
        self.name = name
        self.warnings = warnings
    }

    /// - Parameter name: tells the far side from others: its cache goes by it.
    init(adapter name: String) {
        source = .adapter(name)
        path = ""
        shown = "adapter:" + name
        self.name = name
        warnings = []
    }

    /// Tells far sides from each other: their caches go by it. Never shown: it may hold a secret.
    ///
    /// What a command leads to may lie in the directory that it runs in, whatever its words look like: two far sides
    /// with one cache would be sent each other's files, so only one that surely means the same everywhere goes without
    /// its directory. Of two configurations in one directory the environment may be all that differs.
    var identity: String {
        if case .s3(let options) = source { return shown + " at " + (options.endpoint ?? "AWS") }
        guard case .exec(let command, let directory) = source else { return shown }
        let place = configuration ?? (Self.meansTheSameEverywhere(command) ? "" : directory)
        // No word holds a NUL.
        return (["exec:" + place] + command).joined(separator: "\0")
    }

    /// A program that every directory finds, at least one path from the root, and nothing else but plain switches.
    private static func meansTheSameEverywhere(_ command: [String]) -> Bool {
        guard let program = command.first, program.hasPrefix("/") || !program.contains("/") else { return false }
        let words = command.dropFirst()
        return words.contains { $0.hasPrefix("/") } && words.allSatisfy { $0.hasPrefix("/") || isPlainSwitch($0) }
    }

    /// `-v`, `--read-only`; not `--db=x.db`, `-dx.db`: a path may be in it.
    private static func isPlainSwitch(_ word: String) -> Bool {
        guard word.hasPrefix("--") else { return word.hasPrefix("-") && word.utf8.count == 2 }
        return word.utf8.dropFirst(2).allSatisfy { byte in
            let character = Character(Unicode.Scalar(byte))
            return character.isASCII && (character.isLetter || character.isNumber || character == "-")
        }
    }

    /// Whether there is a far side, and a local copy of it.
    var hasFarSide: Bool { source != .sqlite }

    /// - Throws: `.usage` for what can never name a store, `.store` for a configuration that cannot be used.
    public static func parse(_ text: String) throws(MountFailure) -> StoreReference {
        guard !text.isEmpty else {
            throw MountFailure(
                "STORE", "is empty", hint: "Name a SQLite file, for example ./data/my-app.db.", status: .usage)
        }
        if text == ":memory:" {
            throw MountFailure(
                text, "a store in memory cannot be mounted: it would be gone with the mount",
                hint: "Name a file, for example on /dev/shm.", status: .usage)
        }
        if let (scheme, rest) = split(text) { return try parse(scheme: scheme, rest: rest, whole: text) }
        if text.hasSuffix(".persist.json") { return try configured(by: PathText.absolute(text)) }
        return StoreReference(path: try file(text))
    }

    /// `scheme:` where it is one that we know, or is followed by `//`.
    private static func split(_ text: String) -> (scheme: String, rest: String)? {
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) else { return nil }
        let scheme = text[..<colon]
        let rest = text[text.utf8.index(after: colon)...]
        let isWord = scheme.utf8.allSatisfy { byte in
            let character = Character(Unicode.Scalar(byte))
            return character.isASCII && (character.isLetter || character.isNumber || "+-.".contains(character))
        }
        guard isWord, let first = scheme.first, first.isLetter else { return nil }
        let word = scheme.lowercased()
        guard known.contains(word) || rest.hasPrefix("//") else { return nil }
        return (word, String(rest))
    }

    private static let known: Set<String> = [
        "sqlite", "file", "postgres", "postgresql", "s3", "p2p", "exec", "http", "https",
    ]

    private static func parse(scheme: String, rest: String, whole: String) throws(MountFailure) -> StoreReference {
        // URLs of far sides may hold passwords: the messages name the scheme, never the URL.
        switch scheme {
        case "sqlite":
            guard rest.hasPrefix("//") else { return StoreReference(path: try file(rest)) }
            let path = String(rest.dropFirst(2))
            guard path.hasPrefix("/") else {
                throw MountFailure(
                    "sqlite://", "a SQLite file is on no host",
                    hint: "Write sqlite:PATH, or sqlite:///ABSOLUTE/PATH.", status: .usage)
            }
            return StoreReference(path: try file(path))
        case "file":
            throw MountFailure(
                "file:", "SQLite's URIs are not taken", hint: "Give the path itself, or sqlite:PATH.", status: .usage)
        case "exec": return StoreReference(exec: try Self.command(rest), in: PathText.absolute("."))
        case "s3": return StoreReference(s3: try bucket(rest))
        case "postgres", "postgresql", "p2p":
            throw MountFailure(
                scheme, "this adapter is not built yet",
                hint: "This version mounts SQLite stores, exec: and s3:, as persistfs mount ./data/my-app.db DIR",
                status: .usage)
        default:
            throw MountFailure(
                scheme, "no adapter speaks this scheme",
                hint: "This version mounts SQLite stores, exec: and s3:, as persistfs mount ./data/my-app.db DIR",
                status: .usage)
        }
    }

    /// The words of a command, as a shell splits them; a program with a slash in it lies where the user is now, and so
    /// does an argument that begins with `./` or `../`: the daemon is at home nowhere.
    static func command(_ text: String, of what: String = "exec:") throws(MountFailure) -> [String] {
        let words: [String]
        do throws(StoreError) { words = try ProcessAdapter.command(text) } catch {
            throw MountFailure(
                what, error.hint ?? "is no command",
                hint: what == "exec:" ? "Write exec:./adapter, or \"exec:python3 ./adapter.py\"." : nil, status: .usage)
        }
        let found = words.enumerated().map { index, word in
            let isPath = word.hasPrefix("./") || word.hasPrefix("../") || index == 0 && word.contains("/")
            return isPath ? PathText.absolute(word) : word
        }
        try requireProgram(found[0])
        return found
    }

    static func requireProgram(_ path: String) throws(MountFailure) {
        if path.hasPrefix("/"), access(path, X_OK) != 0 {
            throw MountFailure(ShownText.line(path), errorText(errno), status: .store)
        }
    }

    /// A path that a store may lie at.
    static func file(_ path: String) throws(MountFailure) -> String {
        guard !path.isEmpty else { throw MountFailure("STORE", "the path is empty", status: .usage) }
        let absolute = PathText.absolute(path)
        var found = stat()
        let kind = stat(absolute, &found) == 0 ? found.st_mode & S_IFMT : nil
        switch kind {
        case S_IFDIR:
            throw MountFailure(
                ShownText.line(absolute), "is a directory, no store",
                hint: "Name the SQLite file: persistfs mount FILE DIR", status: .store)
        case _ where path.hasSuffix("/"):
            throw MountFailure(ShownText.line(path), "names a directory, not a file", status: .store)
        case S_IFREG, nil: return absolute
        default: throw MountFailure(ShownText.line(absolute), "is no regular file", status: .store)
        }
    }
}
