import Persist
import SQLiteStore
import Synchronization

/// Keeps the local copy within its bound: content that the far side has goes, what was not opened for longest first.
///
/// "Longest" by the clock algorithm, as kernels do it: round and round over all files; what has been opened since the
/// last time round is spared once.
final class Evictor: Sendable {
    private struct State {
        var loop: Task<Void, Never>?
        var last: NodeID?
    }

    private let store: SQLiteStore
    private let bytesMax: UInt64
    private let freeMin: UInt64
    private let pause: Duration
    private let log: @Sendable (String) -> Void
    private let state = Mutex(State())
    /// Is let go of in one transaction.
    private static let stepBytes: UInt64 = 16 << 20
    /// 5 s.
    private static let collectingLooksMax = 250

    init(store: SQLiteStore, options: WriteBackCacheOptions) {
        self.store = store
        bytesMax = options.cacheBytesMax
        freeMin = options.freeBytesMin
        pause = .milliseconds(options.evictMilliseconds)
        log = options.log
    }

    func run() {
        let loop = Task.detached { [self] in
            while !Task.isCancelled {
                do throws(StoreError) { try await evict() } catch { log("making room in the cache: \(error)") }
                try? await Task.sleep(for: pause)
            }
        }
        state.withLock { $0.loop = loop }
    }

    func stop() {
        state.withLock { state in
            state.loop?.cancel()
            state.loop = nil
        }
    }

    /// Takes away as much as is too much. - Returns: how many bytes.
    @discardableResult
    func evict() async throws(StoreError) -> UInt64 {
        let excess = try excess()
        guard excess > 0 else { return 0 }
        // A tenth more, so as not to begin again at once.
        let wanted = excess + bytesMax / 10
        var (given, rounds): (UInt64, Int) = (0, 0)
        // The second time round finds what was spared the first time; only then what is open is looked at: a file may
        // be larger than the disk.
        while given < wanted, rounds < 4, !Task.isCancelled {
            let step = try store.evict(
                after: state.withLock { $0.last }, bytes: min(Self.stepBytes, wanted - given), takesOpen: rounds >= 2)
            state.withLock { $0.last = step.last }
            given += step.bytes
            if step.last == nil { rounds += 1 }
            await Task.yield()
        }
        // What was large is collected piece by piece; until then it counts. But what somebody still reads may stay long.
        for _ in 0..<Self.collectingLooksMax where try store.isCollecting() {
            guard (try? await Task.sleep(for: .milliseconds(20))) != nil else { break }
        }
        return given
    }

    /// By how much the local copy is too large; or so much that others have room again, if it has that.
    private func excess() throws(StoreError) -> UInt64 {
        let used = try store.usedBytes()
        var excess = used > bytesMax ? used - bytesMax : 0
        if let free = store.freeBytes(), free < freeMin { excess = max(excess, min(freeMin - free, used)) }
        return excess
    }
}
