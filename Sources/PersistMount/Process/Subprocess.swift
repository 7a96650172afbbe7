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
}
