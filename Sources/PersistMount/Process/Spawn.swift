internal import Glibc

/// posix_spawnp(3): fork(2) is not to be had in Swift, whose runtime may have threads.
enum Spawn {
    /// - Throws: `.failed` where the program cannot be started.
    static func start(
        _ program: String, _ arguments: [String], actions: inout posix_spawn_file_actions_t,
        attributes: UnsafePointer<posix_spawnattr_t>?
    ) throws(MountFailure) -> pid_t {
        var list: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
        list.append(nil)
        defer { for argument in list { free(argument) } }
        var pid: pid_t = 0
        let number = posix_spawnp(&pid, program, &actions, attributes, list, environ)
        guard number == 0 else {
            throw MountFailure(program, "cannot be started: \(errorText(number))", status: .failed)
        }
        return pid
    }

    /// The exit status; 128 and the signal's number where it died of one.
    static func wait(for pid: pid_t) -> Int32 {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 {
            guard errno == EINTR else { return 127 }
        }
        let signal = status & 0x7f
        return signal == 0 ? (status >> 8) & 0xff : 128 + signal
    }
}

/// pipe(2), closed on exec.
struct Pipe {
    var reading: Int32
    var writing: Int32

    static func make() throws(MountFailure) -> Pipe {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw MountFailure("pipe", errorText(errno), status: .failed) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return Pipe(reading: ends[0], writing: ends[1])
    }
}
