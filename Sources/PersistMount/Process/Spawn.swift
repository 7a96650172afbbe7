internal import Glibc
internal import Linux

/// posix_spawnp(3): fork(2) is not to be had in Swift, whose runtime may have threads.
enum Spawn {
    /// - Throws: `.failed` where the program cannot be started.
    static func start(
        _ program: String, _ arguments: [String], actions: inout posix_spawn_file_actions_t,
        attributes: UnsafePointer<posix_spawnattr_t>?
    ) throws(MountFailure) -> pid_t {
        try start(program, bytes: arguments.map { Array($0.utf8) }, actions: &actions, attributes: attributes)
    }

    /// The same with arguments that need not be UTF-8, and variables (`NAME=value`) beside those of this process.
    static func start(
        _ program: String, bytes arguments: [[UInt8]], variables: [[UInt8]] = [],
        actions: inout posix_spawn_file_actions_t, attributes: UnsafePointer<posix_spawnattr_t>?
    ) throws(MountFailure) -> pid_t {
        func cString(_ bytes: [UInt8]) -> UnsafeMutablePointer<CChar>? {
            (bytes.map { CChar(bitPattern: $0) } + [0]).withUnsafeBufferPointer { strdup($0.baseAddress!) }
        }
        var list = arguments.map(cString)
        list.append(nil)
        defer { for argument in list { free(argument) } }
        let own = variables.map(cString)
        defer { for variable in own { free(variable) } }
        var environment: [UnsafeMutablePointer<CChar>?] = own
        var inherited: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?> = environ
        while let variable = inherited.pointee {
            environment.append(variable)
            inherited += 1
        }
        environment.append(nil)
        var pid: pid_t = 0
        let number = posix_spawnp(&pid, program, &actions, attributes, list, environment)
        guard number == 0 else {
            throw MountFailure(program, "cannot be started: \(errorText(number))", status: .failed)
        }
        return pid
    }

    /// All signals are at their defaults in what is started so, and none is blocked.
    static func clearSignals(_ attributes: inout posix_spawnattr_t, flags: Int16 = 0) {
        // POSIX_SPAWN_SETSIGDEF and _SETSIGMASK of spawn.h.
        posix_spawnattr_setflags(&attributes, flags | 0x04 | 0x08)
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
    }

    /// What stands for the exit status of what has ended without this process being told how.
    static let unknownStatus: Int32 = 127

    /// The exit status; 128 and the signal's number where it died of one.
    static func wait(for pid: pid_t) -> Int32 {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 {
            guard errno == EINTR else { return unknownStatus }
        }
        return self.status(of: status)
    }

    /// What waitpid(2) gives, as a shell says it.
    static func status(of status: Int32) -> Int32 {
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
