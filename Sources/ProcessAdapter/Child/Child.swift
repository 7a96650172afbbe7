internal import CSpawn
internal import Glibc
internal import Linux

/// The child process: its pipes, its group, its end.
///
/// Owned by the thread that serves it; a second thread waits until it has ended.
final class Child {
    let pid: pid_t
    var input: Descriptor?
    var output: Descriptor?
    var errors: Descriptor?

    /// Starts `command[0]`, found by PATH, as the leader of a process group of its own, with no descriptors but its
    /// three, all signals at their defaults and none blocked.
    ///
    /// - Parameter onEnd: called on a thread of its own when the process has ended; it is to be reaped then.
    init(
        command: [String], in directory: String?, environment: [String: String], onEnd: @escaping @Sendable () -> Void
    ) throws(SystemFailure) {
        let inputs = try Pipe()
        let outputs = try Pipe()
        let errors = try Pipe()
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, inputs.reading.number, 0)
        posix_spawn_file_actions_adddup2(&actions, outputs.writing.number, 1)
        posix_spawn_file_actions_adddup2(&actions, errors.writing.number, 2)
        cspawn_close_from(&actions, 3)
        if let directory { cspawn_change_directory(&actions, directory) }
        pid = try Self.spawn(command, environment, &actions)
        for end in [inputs.writing, outputs.reading, errors.reading] { end.setNonBlocking() }
        for end in [inputs.writing, outputs.reading] { end.enlarge() }
        (input, output, self.errors) = (inputs.writing, outputs.reading, errors.reading)
        let pid = pid
        OwnThread.start("adapter-end") {
            // Its number stays its own until it is reaped: no signal goes to another process.
            var information = siginfo_t()
            while waitid(P_PID, id_t(pid), &information, WEXITED | WNOWAIT) != 0 && errno == EINTR {}
            onEnd()
        }.detach()
    }

    private static func spawn(
        _ command: [String], _ variables: [String: String], _ actions: inout posix_spawn_file_actions_t
    ) throws(SystemFailure) -> pid_t {
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
        posix_spawnattr_setflags(&attributes, Int16(flags))
        posix_spawnattr_setpgroup(&attributes, 0)
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) }
        arguments.append(nil)
        defer { for argument in arguments { free(argument) } }
        var environment = variables.map { strdup("\($0.key)=\($0.value)") }
        defer { for variable in environment.prefix(variables.count) { free(variable) } }
        var inherited: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?> = environ
        while let variable = inherited.pointee {
            let name = String(cString: variable).prefix { $0 != "=" }
            if variables[String(name)] == nil { environment.append(variable) }
            inherited += 1
        }
        environment.append(nil)
        var pid: pid_t = 0
        let number = posix_spawnp(&pid, command[0], &actions, &attributes, arguments, environment)
        guard number == 0 else { throw SystemFailure("it cannot be started", number) }
        return pid
    }

    /// To its whole group: what it has started goes with it.
    func signal(_ number: Int32) { kill(-pid, number) }

    /// After its end: what is left of its group goes too.
    ///
    /// - Returns: how it ended, in words.
    func reap() -> String {
        signal(SIGKILL)
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 {
            guard errno == EINTR else { return "ended, how is not known: \(errorText(errno))" }
        }
        let signal = status & 0x7f
        guard signal != 0 else { return "ended with exit status \(status >> 8 & 0xff)" }
        return "was ended by signal \(signal) (\(strsignal(signal).map { String(cString: $0) } ?? ""))"
    }
}
