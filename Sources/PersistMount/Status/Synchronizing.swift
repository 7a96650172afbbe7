internal import Glibc
internal import Linux

/// `persistfs sync` of a mount: waits until its far side has everything.
public struct Synchronizing: Sendable {
    /// How far it is.
    public struct State: Sendable, Equatable {
        public var files: Int
        public var bytes: UInt64
        /// At the beginning.
        public var filesAtFirst: Int
        public var bytesAtFirst: UInt64
        public var seconds: Double
        /// The far side does not answer, and what it said last.
        public var offline: String?
        /// It does, and does not take something: `refuses PATH: WHY`.
        public var refused: String?
        /// Nothing is on its way, and all that there is has failed.
        var isStuck = false
    }

    /// So long a far side may fail and have got nothing before it counts as one that does not take it: some fail now and then.
    private static let failingSecondsMax = 3.0

    private let mountPoint: String

    /// - Returns: nil where no persistfs is mounted at `path`, which is no directory: a SQLite store, if anything.
    /// - Throws: `.notFound` for any other directory.
    public static func mount(at path: String) throws(MountFailure) -> Synchronizing? {
        let resolved = PathText.resolved(path)
        guard let entry = try MountTable.current().top(at: resolved), entry.isPersistfs else {
            var found = stat()
            guard stat(resolved, &found) == 0, found.st_mode & S_IFMT == S_IFDIR else { return nil }
            let hint = "What it does not send waits for the next mount. persistfs status shows how far it is."
            _ = try MountList.mounted(at: path, hint: hint)
            // It has been mounted in this moment.
            return Synchronizing(mountPoint: resolved)
        }
        return Synchronizing(mountPoint: resolved)
    }

    /// - Parameters:
    ///   - seconds: nil: for as long as it takes.
    ///   - stopsOffline: gives up where the far side does not answer, and where it has refused again all that is left.
    ///   - report: told how far it is, a few times a second.
    /// - Throws: `.busy` where the time is over, with what the far side says.
    public func run(
        seconds: Int?, stopsOffline: Bool = false, report: (State) -> Void
    ) throws(MountFailure) -> State {
        let start = ContinuousClock.now
        // Being asked tells the mount to hurry. Without a far side there is no such file.
        guard let last = try begin(seconds: seconds) else {
            return State(files: 0, bytes: 0, filesAtFirst: 0, bytesAtFirst: 0, seconds: 0)
        }
        var first: State?
        var (least, leastAt, hurriedAt) = (Int.max, 0.0, 0.0)
        while true {
            let status = try MountStatus.read(at: mountPoint, seconds: max(1, min(seconds ?? 10, 10)))
            let elapsed = (ContinuousClock.now - start) / .seconds(1)
            let state = State(status.far, seconds: elapsed, first: first)
            first = state
            guard let pending = status.far?.firstPending, pending <= last else { return state }
            report(state)
            if state.files < least { (least, leastAt) = (state.files, elapsed) }
            if stopsOffline, state.offline != nil || state.isStuck {
                if elapsed - leastAt >= Self.failingSecondsMax { return state }
                // All are tried again when it is asked to hurry.
                if elapsed - hurriedAt >= 1 {
                    hurriedAt = elapsed
                    _ = try begin(seconds: seconds)
                }
            }
            if let seconds, elapsed >= Double(seconds) {
                throw MountFailure(
                    ShownText.line(mountPoint), "\(CountText.have(state.files)) not been sent",
                    hint: state.reason ?? "It goes on by itself.", status: .busy)
            }
            usleep(100_000)
        }
    }
}

extension Synchronizing {
    /// Asks the mount to hurry. - Returns: the number of the last change; nil: there is no far side.
    private func begin(seconds: Int?) throws(MountFailure) -> Int64? {
        let file = mountPoint + "/.persist/sync"
        // One that is stopped does not answer, however long one waits.
        let isStopped = DaemonSearch.find(at: mountPoint).map(DaemonSearch.isStopped) ?? false
        let answer =
            isStopped
            ? nil
            : Deadline.ask(seconds: max(1, seconds ?? 60)) { () -> Answer in
                let bytes = readWhole(file)
                return Answer(bytes: bytes, errno: bytes == nil ? errno : 0)
            }
        guard let answer else {
            throw MountFailure(
                ShownText.line(mountPoint),
                "does not answer" + (DaemonSearch.words(at: mountPoint).map { " (\($0))" } ?? ""), status: .busy)
        }
        guard let bytes = answer.bytes else {
            // Of a store without a far side; or of one that has been unmounted this moment.
            if answer.errno == ENOENT, try MountStatus.read(at: mountPoint).far == nil { return nil }
            throw MountFailure(
                ShownText.line(mountPoint), errorText(answer.errno),
                hint: "What has not been sent waits in the cache for the next mount of this store.", status: .failed)
        }
        guard let last = Int64(String(decoding: bytes, as: UTF8.self).prefix { $0 != "\n" }) else {
            throw MountFailure(ShownText.line(file), "is in a form that this version does not read", status: .failed)
        }
        return last
    }

    private struct Answer: Sendable {
        var bytes: [UInt8]?
        var errno: Int32
    }
}

extension Synchronizing.State {
    /// - Parameter first: what was found before.
    init(_ far: MountStatus.Far?, seconds: Double = 0, first: Self? = nil) {
        files = far?.pendingFiles ?? 0
        bytes = far?.pendingBytes ?? 0
        filesAtFirst = max(files, first?.filesAtFirst ?? 0)
        bytesAtFirst = max(bytes, first?.bytesAtFirst ?? 0)
        self.seconds = seconds
        offline = far?.offlineSince.map { _ in far?.lastError ?? "" }
        refused = far?.pending.first { $0.lastError != nil }.map { item in
            "\(item.state == "refused" ? "refuses" : "does not take") \(item.path): \(item.lastError ?? "")"
        }
        isStuck = files > 0 && far?.pendingUploading == 0 && (far?.pendingFailing ?? 0) >= files
    }

    /// Why it does not go on.
    var reason: String? {
        offline.map { "The far side does not answer: \($0)" } ?? refused.map { "The far side \($0)" }
    }
}
