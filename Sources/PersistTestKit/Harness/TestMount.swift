import Glibc
import Synchronization

/// One mount of a store, and the process that serves it.
public final class TestMount: Sendable {
    private struct State {
        var daemon: ChildProcess?
        /// The number of the connection that this object made, for fusectl.
        var connection: UInt32?
    }

    public let point: String
    public let store: String
    let directory: String
    /// The command under test.
    public let binary: String
    private let options: [String]
    /// Of the daemon and of all clients, beside what every one has.
    let environment: [String: String]
    private let name: String
    private let state = Mutex(State())

    init(
        name: String, in directory: String, store: String, options: [String], environment: [String: String] = [:]
    ) throws(HarnessError) {
        self.environment = environment
        point = "\(directory)/\(name)"
        self.store = store
        self.directory = directory
        self.options = options
        self.name = name
        binary = try Binary.find()
        guard mkdir(point, 0o755) == 0 else {
            throw HarnessError(failed: "mkdir \(point)")
        }
    }

    /// What the daemon wrote to standard error, over all its lives.
    public var log: String { readFile(logPath).map { String(decoding: $0, as: UTF8.self) } ?? "" }
    private var logPath: String { "\(directory)/\(name).log" }

    public var isMounted: Bool { MountTable.entry(at: point) != nil }

    /// Starts the daemon and waits until the mount is there.
    public func start(seconds: Int = 60) async throws {
        var arguments = [binary, "mount", store, point, "-f"]
        if !options.isEmpty { arguments += ["-o", options.joined(separator: ",")] }
        let daemon = try ChildProcess(
            arguments, environment: clientEnvironment, output: logPath, errors: logPath)
        state.withLock { $0.daemon = daemon }
        try await eventually("\(point) is mounted", within: .seconds(seconds)) {
            if let status = daemon.statusNow {
                throw HarnessError("\(arguments.joined(separator: " ")): exit status \(status)\n\(log)", isFinal: true)
            }
            guard let entry = MountTable.entry(at: point), entry.type.hasPrefix("fuse") else { return false }
            state.withLock { $0.connection = entry.connection }
            return true
        }
    }

    /// umount(8); waits for the daemon, which must end with 0.
    public func unmount() async throws {
        guard let daemon = state.withLock({ $0.daemon }) else { throw HarnessError("\(point) was never mounted") }
        var result = try await outside(Self.unmounting + [point])
        // `persistfs status` of another test looks into every mount that there is.
        for _ in 0..<50 where !result.succeeded && result.error.contains("busy") {
            try await Task.sleep(for: .milliseconds(100))
            result = try await outside(Self.unmounting + [point])
        }
        guard result.succeeded else { throw HarnessError("umount \(point): \(result.error)") }
        let status = await limited(seconds: 120) {
            await daemon.status()
        } onLimit: {
            daemon.signal(SIGKILL)
        }
        guard status == 0 else { throw HarnessError("after umount the daemon's exit status is \(status)\n\(log)") }
        state.withLock { $0 = State() }
    }

    /// SIGKILL in the middle of whatever it does; the dead mount point is cleared.
    public func kill9() async throws {
        guard let daemon = state.withLock({ $0.daemon }) else { return }
        daemon.signal(SIGKILL)
        _ = await daemon.status()
        state.withLock { $0 = State() }
        let result = try await outside(Self.unmounting + [Self.lazily, point])
        guard result.succeeded else { throw HarnessError("umount -l \(point): \(result.error)") }
    }

    /// A clean unmount and a new daemon.
    public func remount() async throws {
        try await unmount()
        try await start()
    }

    /// kill -9 and a new daemon, which recovers.
    public func killAndRemount() async throws {
        guard FarStore.chosen?.takesKills ?? true else { return try await remount() }
        try await kill9()
        try await start()
    }

    /// The process that serves the mount; nil while there is none.
    public var daemonID: Int32? { state.withLock { $0.daemon?.pid } }

    /// Sends the daemon a signal (SIGSTOP and SIGCONT, for a daemon that does not answer).
    public func signal(_ number: Int32) { state.withLock { $0.daemon }?.signal(number) }

    /// Ends a mount that may hang: every client of it is freed, with ECONNABORTED.
    func abort() {
        let (daemon, connection) = state.withLock { ($0.daemon, $0.connection) }
        if let connection, MountTable.entry(at: point)?.connection == connection {
            // Present only where fusectl is mounted; killing the daemon does the same.
            try? writeFile("/sys/fs/fuse/connections/\(connection)/abort", [UInt8(ascii: "1")])
        }
        daemon?.signal(SIGKILL)
    }

    func takeAway() async {
        if state.withLock({ $0.daemon }) != nil, isMounted, (try? await unmount()) == nil { abort() }
        while isMounted {
            guard let result = try? await outside(Self.unmounting + [Self.lazily, point]), result.succeeded else {
                break
            }
        }
        if let daemon = state.withLock({ $0.daemon }) {
            daemon.signal(SIGKILL)
            _ = await daemon.status()
        }
    }

    private static let unmounting = geteuid() == 0 ? ["umount"] : ["fusermount3", "-u"]
    private static let lazily = geteuid() == 0 ? "-l" : "-z"
}
