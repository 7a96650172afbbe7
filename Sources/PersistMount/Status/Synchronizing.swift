internal import Glibc

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
        let hint = "What it does not send waits for the next mount. persistfs status shows how far it is."
        return try MountControl.point(at: path, hint: hint).map(Synchronizing.init)
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
        guard let last = try MountControl.ask("sync", at: mountPoint, seconds: seconds) else {
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
                    _ = try MountControl.ask("sync", at: mountPoint, seconds: seconds)
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
