/// Decides how many threads serve the kernel beside the regular ones.
///
/// While a request waits for another process its thread cannot read the next request, nor the INTERRUPT that would
/// end the wait. So for each thread that waits another one stands in, at most `standInsMax`; when the wait is over,
/// the first thread that finishes a request goes.
struct StandIns {
    /// Threads beside the regular ones, at once.
    static let standInsMax = 16

    private(set) var waiting = 0
    private(set) var standIns = 0

    /// - Returns: whether another thread is to be started.
    mutating func waitBegins() -> Bool {
        waiting += 1
        guard standIns < min(waiting, Self.standInsMax) else { return false }
        standIns += 1
        return true
    }

    mutating func waitEnds() { waiting -= 1 }

    /// The thread that `waitBegins` asked for could not be had.
    mutating func startFailed() { standIns -= 1 }

    /// A thread has finished a request: whether it is one too many, and goes.
    mutating func retires() -> Bool {
        guard standIns > waiting else { return false }
        standIns -= 1
        return true
    }
}
