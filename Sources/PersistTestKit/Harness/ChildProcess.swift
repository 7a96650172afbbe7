import Glibc
import Synchronization

/// A child process, reaped by a thread of its own, so that nobody has to block to learn how it ended.
///
/// Swift's pool is as wide as the machine: a test that waited in it for a child would stop all others.
final class ChildProcess: Sendable {
    private struct State {
        var status: Int32?
        var waiting: [CheckedContinuation<Int32, Never>] = []
    }

    let pid: pid_t
    private let state = Mutex(State())

    /// Starts `arguments[0]`, found by PATH, as the leader of a process group of its own.
    ///
    /// The working directory is the test's: a child that had to change into a hung mount would stop this
    /// process with it. `env -C` does it after exec.
    init(
        _ arguments: [String], environment: [String], input: String = "/dev/null", output: String, errors: String
    ) throws(HarnessError) {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        let writing = O_WRONLY | O_CREAT | O_APPEND
        posix_spawn_file_actions_addopen(&actions, 0, input, O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, output, writing, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, errors, writing, 0o600)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK))
        posix_spawnattr_setpgroup(&attributes, 0)
        // The threads of Swift's pool block all signals; a child that inherits that heeds no SIGTERM.
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)

        var argv = arguments.map { strdup($0) } + [nil]
        var envp = environment.map { strdup($0) } + [nil]
        defer {
            argv.forEach { free($0) }
            envp.forEach { free($0) }
        }
        var pid: pid_t = 0
        let code = posix_spawnp(&pid, arguments[0], &actions, &attributes, &argv, &envp)
        guard code == 0 else { throw HarnessError("\(arguments[0]): \(String(cString: strerror(code)))") }
        self.pid = pid
        Self.detach { [self] in reap() }
    }

    /// Runs `body` on a thread that nobody joins.
    private static func detach(_ body: @escaping @Sendable () -> Void) {
        final class Box: Sendable {
            let body: @Sendable () -> Void
            init(_ body: @escaping @Sendable () -> Void) { self.body = body }
        }
        var thread = pthread_t()
        let box = Unmanaged.passRetained(Box(body))
        let code = pthread_create(
            &thread, nil,
            { argument in
                Unmanaged<Box>.fromOpaque(argument!).takeRetainedValue().body()
                return nil
            }, box.toOpaque())
        precondition(code == 0, "no thread to wait for a child")
        pthread_detach(thread)
    }

    /// Waits without reaping, then reaps under the lock: a signal is never sent to another's pid.
    private func reap() {
        var information = siginfo_t()
        while waitid(P_PID, id_t(pid), &information, WEXITED | WNOWAIT) != 0 && errno == EINTR {}
        let (status, waiting) = state.withLock { state in
            var raw: Int32 = 0
            while waitpid(pid, &raw, 0) == -1 && errno == EINTR {}
            let signal = raw & 0x7f
            let status = signal == 0 ? (raw >> 8) & 0xff : 128 + signal
            state.status = status
            defer { state.waiting = [] }
            return (status, state.waiting)
        }
        waiting.forEach { $0.resume(returning: status) }
    }

    /// The exit status, or 128 + the signal; nil while it runs.
    var statusNow: Int32? { state.withLock { $0.status } }

    /// How it ended, when it has ended.
    func status() async -> Int32 {
        await withCheckedContinuation { continuation in
            let known = state.withLock { state in
                if state.status == nil { state.waiting.append(continuation) }
                return state.status
            }
            if let known { continuation.resume(returning: known) }
        }
    }

    /// Signals the process; its whole group where `group`. Nothing where it has ended.
    func signal(_ number: Int32, group: Bool = false) {
        state.withLock { state in
            guard state.status == nil else { return }
            _ = kill(group ? -pid : pid, number)
        }
    }
}
