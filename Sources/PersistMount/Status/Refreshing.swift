internal import Glibc

/// `persistfs refresh` of a mount: has it look at what others have changed on its far side, and waits until that shows.
public struct Refreshing: Sendable {
    private let mountPoint: String

    /// - Throws: `.notFound` where no persistfs is mounted at `path`.
    public init(at path: String) throws(MountFailure) {
        let hint = "The next mount of a store looks at what others have changed."
        guard let point = try MountControl.point(at: path, hint: hint) else {
            throw MountFailure(ShownText.line(path), "is not mounted", hint: hint, status: .notFound)
        }
        mountPoint = point
    }

    /// Returns when a look that began after this has come to its end. A store without a far side shows by itself what others do.
    ///
    /// - Parameters:
    ///   - seconds: nil: for as long as it takes.
    ///   - waits: told once why it takes longer, where the far side does not answer.
    /// - Throws: `.failed`: the far side could not be looked through, and why; `.busy`: the time is over.
    public func run(seconds: Int?, waits: (String) -> Void) throws(MountFailure) {
        let start = ContinuousClock.now
        guard let number = try MountControl.ask("refresh", at: mountPoint, seconds: seconds) else { return }
        var isTold = false
        while true {
            let far = try MountStatus.read(at: mountPoint, seconds: max(1, min(seconds ?? 10, 10))).far
            guard let far, let looks = far.looks, looks.ended < number else { return }
            let offline = far.offlineSince.map { _ in "The far side does not answer: \(far.lastError ?? "")" }
            if looks.failed >= number {
                throw MountFailure(
                    ShownText.line(mountPoint), "the far side could not be looked through",
                    hint: looks.error.map { "It says: \($0)" }, status: .failed)
            }
            if let seconds, ContinuousClock.now - start >= .seconds(seconds) {
                throw MountFailure(
                    ShownText.line(mountPoint), "has not seen all of the far side yet",
                    hint: offline ?? "It goes on by itself.", status: .busy)
            }
            if !isTold, let offline {
                waits(offline)
                isTold = true
            }
            usleep(20_000)
        }
    }
}
