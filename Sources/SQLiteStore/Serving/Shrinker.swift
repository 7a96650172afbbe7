internal import Persist
import Synchronization

/// Moves pages from the end of the file into free ones, some at a time.
///
/// How long a page takes is the disk's affair, so the number of a step follows the time that the last one took.
final class Shrinker: Sendable {
    private struct State {
        var isShrinking = false
        var pages = 64
    }
    private let state = Mutex(State())

    /// How long others wait for a step, at most: about this.
    private static let most = Duration.milliseconds(10)

    var isShrinking: Bool { state.withLock { $0.isShrinking } }
    func begin() { state.withLock { $0.isShrinking = true } }
    func end() { state.withLock { $0.isShrinking = false } }

    /// - Returns: whether it gave back as much as it was asked to, so that there may be more.
    func step(_ writer: Writer) throws(StoreError) -> Bool {
        let pages = state.withLock { $0.pages }
        let (given, time): (Int, Duration)
        do throws(StoreError) { (given, time) = try writer.shrink(by: pages) } catch {
            // Next time it may fit into the WAL.
            if error.isLackOfRoom { state.withLock { $0.pages = max(8, pages / 2) } }
            throw error
        }
        state.withLock { state in
            if time > Self.most { state.pages = max(8, pages / 2) }
            if time < Self.most / 4 { state.pages = min(512, pages * 2) }
        }
        return given >= pages
    }
}
