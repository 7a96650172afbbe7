internal import Glibc

/// Another program, as a whole: rsync, git, ls. What it prints is thrown away, its errors are not.
struct TimedCommand {
    let words: [String]

    func run() throws(Failure) -> Samples {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
        defer { for argument in arguments { free(argument) } }
        arguments.append(nil)

        var samples = Samples(count: 1)
        samples.begin()
        var process = pid_t()
        let number = posix_spawnp(&process, words[0], &actions, nil, arguments, environ)
        guard number == 0 else { throw Failure("\(words[0]): \(String(cString: strerror(number)))") }
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 {
            guard errno == EINTR else { throw Failure(call: "waitpid", on: words[0]) }
        }
        samples.end()
        guard status == 0 else { throw Failure("\(words.joined(separator: " ")): failed (\(status >> 8))") }
        samples.add(samples.total)
        return samples
    }
}
