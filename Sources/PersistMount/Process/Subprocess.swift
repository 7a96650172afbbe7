internal import Glibc

/// A child process that is waited for; its two outputs together.
enum Subprocess {
    struct Ended {
        var status: Int32
        var output: String
    }

    static func run(_ program: String, _ arguments: [String]) throws(MountFailure) -> Ended {
        let ends = try Pipe.make()
        defer { close(ends.reading) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, ends.writing, 1)
        posix_spawn_file_actions_adddup2(&actions, ends.writing, 2)
        let pid: pid_t
        do {
            pid = try Spawn.start(program, [program] + arguments, actions: &actions, attributes: nil)
            close(ends.writing)
        } catch {
            close(ends.writing)
            throw error
        }
        var output: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(ends.reading, &part, part.count)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { break }
            output += part[..<count]
        }
        var text = String(decoding: output, as: UTF8.self)
        while text.last?.isNewline == true { text.removeLast() }
        return Ended(status: Spawn.wait(for: pid), output: text)
    }

    /// One that may hang, or leave something behind that holds its outputs open: it is given so long, and then killed
    /// with its process group. All signals are at their defaults in it.
    ///
    /// - Returns: of its output the first 64 KiB; no status where it was killed.
    static func run(
        _ program: String, bytes arguments: [[UInt8]], variables: [[UInt8]], secondsMax: Int
    ) throws(MountFailure) -> (status: Int32?, output: String) {
        let ends = try Pipe.make()
        defer { close(ends.reading) }
        _ = fcntl(ends.reading, F_SETFL, O_NONBLOCK)
        let pid = try startApart(program, arguments, variables, output: ends.writing)
        var output: [UInt8] = []
        let deadline = ContinuousClock.now + .seconds(secondsMax)
        var status: Int32 = 0
        while true {
            let found = waitpid(pid, &status, WNOHANG)
            let isUnknown = found < 0 && errno != EINTR
            take(ends.reading, into: &output)
            // It has ended, and somebody else has been told how. Its number may be another's already.
            if isUnknown { return (Spawn.unknownStatus, String(decoding: output, as: UTF8.self)) }
            if found == pid { break }
            guard ContinuousClock.now < deadline else {
                kill(-pid, SIGKILL)
                _ = Spawn.wait(for: pid)
                return (nil, String(decoding: output, as: UTF8.self))
            }
            // Woken by output; its end is looked for now and then.
            var polled = pollfd(fd: ends.reading, events: Int16(POLLIN), revents: 0)
            if poll(&polled, 1, 20) > 0, polled.revents & Int16(POLLIN) == 0 { usleep(20_000) }
        }
        return (Spawn.status(of: status), String(decoding: output, as: UTF8.self))
    }

    private static func startApart(
        _ program: String, _ arguments: [[UInt8]], _ variables: [[UInt8]], output: Int32
    ) throws(MountFailure) -> pid_t {
        defer { close(output) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_adddup2(&actions, output, 2)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // POSIX_SPAWN_SETPGROUP of spawn.h.
        Spawn.clearSignals(&attributes, flags: 0x02)
        posix_spawnattr_setpgroup(&attributes, 0)
        return try Spawn.start(
            program, bytes: [Array(program.utf8)] + arguments, variables: variables, actions: &actions,
            attributes: &attributes)
    }

    private static func take(_ descriptor: Int32, into output: inout [UInt8]) {
        var part = [UInt8](repeating: 0, count: 4096)
        // A pipe holds no more: who writes without end does not keep this thread.
        for _ in 0..<16 {
            let count = read(descriptor, &part, part.count)
            guard count > 0 else { return }
            output += part[..<min(count, max(0, (64 << 10) - output.count))]
        }
    }
}
