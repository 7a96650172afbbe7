import Glibc
import Synchronization

extension TestMount {
    /// A path, a home and a clock zone that are the same on every machine; no file of the user's is read.
    var clientEnvironment: [String] {
        let inherited = Binary.environment("PATH").map { ":" + $0 } ?? ""
        let variables = [
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" + inherited,
            "HOME": scratch, "SCRATCH": scratch, "TMPDIR": scratch, "MOUNT": point, "STORE": store,
            "PERSISTFS": binary, "LC_ALL": "C.UTF-8", "TZ": "UTC", "PYTHONDONTWRITEBYTECODE": "1",
            "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org",
            "GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@example.org",
        ]
        return variables.merging(environment) { $1 }.map { "\($0.key)=\($0.value)" }
    }

    private var scratch: String { directory + "/scratch" }
    private static let count = Atomic<Int>(0)

    /// Starts a command with the mount, or a directory below it, as its working directory; `outside`: not there.
    public func begin(
        _ command: [String], in subdirectory: String? = nil, outside: Bool = false, input: String? = nil,
        seconds: Int = 60
    ) throws -> RunningCommand {
        let place = subdirectory.map { "\(point)/\($0)" } ?? point
        let stem = "\(directory)/c\(Self.count.add(1, ordering: .relaxed).newValue)"
        return try RunningCommand(
            command, stem: stem, in: outside ? nil : place, input: input.map { Array($0.utf8) }, seconds: seconds,
            of: self)
    }

    /// Starts a script of python3 (see `python`).
    public func beginPython(_ script: String, seconds: Int = 60) throws -> RunningCommand {
        try begin(["python3", "-u", "-c", Self.pythonPrelude + script], seconds: seconds)
    }

    /// Runs a command on the mount to its end.
    public func run(
        _ command: [String], in subdirectory: String? = nil, input: String? = nil, seconds: Int = 60
    ) async throws -> CommandResult {
        try await begin(command, in: subdirectory, input: input, seconds: seconds).finish()
    }

    /// Runs a command that is not to start on the mount.
    public func outside(_ command: [String], input: String? = nil, seconds: Int = 60) async throws -> CommandResult {
        try await begin(command, outside: true, input: input, seconds: seconds).finish()
    }

    /// Runs a script of bash, however it ends. `$MOUNT`, `$STORE`, `$SCRATCH` and `$PERSISTFS` lead it.
    public func shell(_ script: String, input: String? = nil, seconds: Int = 60) async throws -> CommandResult {
        try await run(["bash", "-c", script], input: input, seconds: seconds)
    }

    /// Runs a script of bash of which every command must succeed; what it printed.
    @discardableResult
    public func succeed(_ script: String, input: String? = nil, seconds: Int = 60) async throws -> String {
        try Self.output(
            of: await run(["bash", "-euo", "pipefail", "-c", script], input: input, seconds: seconds), script)
    }

    /// Runs a script of python3, which must succeed; what it printed.
    ///
    /// The usual modules are imported, and `errname(f, *a)` calls f and gives the name of its errno, or "ok".
    @discardableResult
    public func python(_ script: String, arguments: [String] = [], seconds: Int = 60) async throws -> String {
        let whole = Self.pythonPrelude + script
        return try Self.output(of: await run(["python3", "-c", whole] + arguments, seconds: seconds), script)
    }

    /// The name of the errno that one or more statements of python end with, or "ok".
    public func errname(_ statements: String) async throws -> String {
        let script = "def statements():\n" + statements.split(separator: "\n").map { "    \($0)\n" }.joined()
        return try await python(script + "print(errname(statements))")
    }

    /// The text that a file holds, by cat(1).
    public func contents(_ path: String) async throws -> String {
        let result = try await run(["cat", path])
        guard result.succeeded else { throw HarnessError("cat \(path): \(result.error)") }
        return String(decoding: result.outputBytes, as: UTF8.self)
    }

    public func exists(_ path: String) async throws -> Bool {
        try await run(["test", "-e", path]).succeeded
    }

    /// Writes a file by dd(1), which tells of an error of close too; a shell's redirection does not.
    public func write(_ text: String, to path: String) async throws {
        try Self.output(of: await run(["dd", "of=\(path)", "bs=1M", "status=none"], input: text), "write \(path)")
    }

    private static let pythonPrelude = """
        import os, sys, errno, fcntl, mmap, time, stat, json, signal, subprocess
        def errname(f, *a):
            try:
                f(*a)
            except OSError as e:
                return {'ENOTSUP': 'EOPNOTSUPP'}.get(errno.errorcode[e.errno], errno.errorcode[e.errno])
            return 'ok'

        """

    @discardableResult
    private static func output(of result: CommandResult, _ script: String) throws(HarnessError) -> String {
        guard result.succeeded else {
            let output = result.output.isEmpty ? "" : "\n--- output\n\(result.output)"
            throw HarnessError("exit status \(result.status) of\n\(script)\(output)\n--- errors\n\(result.error)")
        }
        return result.output
    }
}
