import Dispatch
internal import Glibc
internal import Linux
internal import Persist
internal import Synchronization

/// Runs the user's command for each new conflict copy, one after another, on a thread of its own: who finds a conflict
/// takes note of it and goes on.
///
/// Not by a shell. The file and the copy are its last arguments and, with the mount point, in its environment. What it
/// prints goes to the mount's log. Ends with the mount.
final class ConflictHook: Sendable {
    /// Those that wait; past it they are left out, and the log says so.
    static let waitingMax = 1_000
    /// What one may take; past it, it is killed.
    static let secondsMax = 60

    private let command: [String]
    private let log: MountLog
    private let news = DispatchSemaphore(value: 0)
    private let state = Mutex((waiting: [[UInt8]](), isEnded: false))

    init(_ command: [String], log: MountLog) {
        self.command = command
        self.log = log
    }

    /// Any thread; returns at once.
    func noted(_ copy: [UInt8]) {
        let isTaken = state.withLock { state in
            guard !state.isEnded, state.waiting.count < Self.waitingMax else { return false }
            state.waiting.append(copy)
            return true
        }
        if isTaken { news.signal() } else { log.log("\(name): not run for \(ShownText.line(copy))") }
    }

    /// From now on the mount can be used, and the command is run, for what was noted before too.
    func begin(at mountPoint: String) {
        OwnThread.start("conflicts") { [self] in
            while true {
                news.wait()
                let copy = state.withLock { state in
                    state.isEnded || state.waiting.isEmpty ? nil : state.waiting.removeFirst()
                }
                guard let copy else { return }
                run(copy, at: mountPoint)
            }
        }.detach()
    }

    /// None is started any more; one that runs is left alone.
    func end() {
        state.withLock { $0.isEnded = true }
        news.signal()
    }

    private var name: String { "conflict_command \(ShownText.line(command[0]))" }

    private func run(_ copy: [UInt8], at mountPoint: String) {
        guard let name = ConflictName(copy) else { return }
        let place = Array((mountPoint == "/" ? "" : mountPoint).utf8) + [UInt8(ascii: "/")]
        let paths = [place + name.path, place + Array(".persist/conflicts/".utf8) + copy]
        do throws(MountFailure) {
            let ended = try Subprocess.run(
                command[0], bytes: command.dropFirst().map { Array($0.utf8) } + paths,
                variables: zip(["FILE", "COPY", "MOUNT"], paths + [Array(mountPoint.utf8)]).map { name, value in
                    Array("PERSISTFS_\(name)=".utf8) + value
                }, secondsMax: Self.secondsMax)
            for line in ended.output.split(separator: "\n").prefix(20) { log.note("\(self.name): \(line)") }
            switch ended.status {
            case 0: break
            case nil: log.log("\(self.name): not finished within \(Self.secondsMax) s, and killed")
            case let status?: log.log("\(self.name): ended with status \(status)")
            }
        } catch {
            log.log("\(self.name): \(error.why)")
        }
    }
}
