import Glibc

/// A client command that has been started: what it has printed so far, and how to end it.
///
/// It runs under timeout(1), so none outlives its test for long; dropping it kills it.
public final class RunningCommand: Sendable {
    private let child: ChildProcess
    private let stem: String
    private let seconds: Int
    private let mount: TestMount

    /// Output goes to files: a pipe would stay open in whatever the command leaves behind.
    init(
        _ command: [String], stem: String, in workingDirectory: String?, input: [UInt8]?, seconds: Int,
        of mount: TestMount
    ) throws(HarnessError) {
        self.stem = stem
        self.seconds = seconds
        self.mount = mount
        if let input { try writeFile(stem + ".in", input) }
        var arguments = ["timeout", "-k", "5", "\(seconds)"]
        if let workingDirectory { arguments += ["env", "-C", workingDirectory] }
        child = try ChildProcess(
            arguments + command, environment: mount.clientEnvironment,
            input: input == nil ? "/dev/null" : stem + ".in", output: stem + ".out", errors: stem + ".err")
    }

    deinit {
        child.signal(SIGKILL, group: true)
        [".in", ".out", ".err"].forEach { name in unlink(stem + name) }
    }

    /// What it has printed so far.
    public var output: String { readFile(stem + ".out").map { String(decoding: $0, as: UTF8.self) } ?? "" }

    public var isRunning: Bool { child.statusNow == nil }

    /// SIGKILL to the command and to what it has started.
    public func kill() { child.signal(SIGKILL, group: true) }

    /// Waits for the end.
    ///
    /// timeout(1) cannot end a client that a hung mount holds; the mount is aborted then.
    public func finish() async -> CommandResult {
        let status = await limited(seconds: seconds + 15) {
            await child.status()
        } onLimit: { [mount, child] in
            mount.abort()
            child.signal(SIGKILL, group: true)
        }
        return CommandResult(
            status: status, outputBytes: readFile(stem + ".out") ?? [], errorBytes: readFile(stem + ".err") ?? [])
    }

    /// Waits until it has printed `text`, and fails where it ends before.
    public func waitForOutput(_ text: String, within limit: Duration = .seconds(30)) async throws {
        try await eventually("the command printed “\(text)”", within: limit) {
            let isRunning = isRunning
            if output.contains(text) { return true }
            guard isRunning else {
                let errors = readFile(stem + ".err") ?? []
                throw HarnessError(
                    "ended without “\(text)”: \(output)\n\(String(decoding: errors, as: UTF8.self))", isFinal: true)
            }
            return false
        }
    }
}

/// Waits for `wait`; past the limit, does `onLimit`, which must make it return.
func limited(
    seconds: Int, _ wait: () async -> Int32, onLimit: @escaping @Sendable () -> Void
) async -> Int32 {
    let watchdog = Task.detached {
        try await Task.sleep(for: .seconds(seconds))
        onLimit()
    }
    defer { watchdog.cancel() }
    return await wait()
}
