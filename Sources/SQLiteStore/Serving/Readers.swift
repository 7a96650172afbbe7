internal import Persist
import Synchronization

/// Connections for reads while the writer is busy, opened with the store.
final class Readers: Sendable {
    private struct Lane: Sendable {
        let lock = Lock()
        let db: Connection
    }
    private let lanes: [Lane]
    private let next = Atomic<Int>(0)
    private let waits: any WaitObserver

    init(_ connections: [Connection], waits: any WaitObserver) {
        lanes = connections.map { Lane(db: $0) }
        self.waits = waits
    }

    func read<R>(_ body: (Connection) throws(StoreError) -> R) throws(StoreError) -> R {
        let start = next.wrappingAdd(1, ordering: .relaxed).oldValue & 0xffff
        for offset in 0..<lanes.count {
            let lane = lanes[(start + offset) % lanes.count]
            guard lane.lock.tryLock() else { continue }
            defer { lane.lock.unlock() }
            return try use(lane, body)
        }
        let lane = lanes[start % lanes.count]
        waits.waitBegins()
        lane.lock.lock()
        waits.waitEnds()
        defer { lane.lock.unlock() }
        return try use(lane, body)
    }

    /// Whoever comes too late finds no connection: its memory may be another's by now.
    private func use<R>(_ lane: Lane, _ body: (Connection) throws(StoreError) -> R) throws(StoreError) -> R {
        guard !lane.db.isClosed else { throw Writer.closed }
        return try body(lane.db)
    }

    /// Every read that has begun before is over.
    func waitForAll() {
        for lane in lanes {
            lane.lock.lock()
            lane.lock.unlock()
        }
    }

    func close() {
        for lane in lanes {
            lane.lock.lock()
            lane.db.close()
            lane.lock.unlock()
        }
    }
}
