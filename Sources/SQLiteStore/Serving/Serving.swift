internal import CSQLite
import Glibc
internal import Persist
import Synchronization

/// The threads and connections behind an open store, and what they leave behind at its end.
final class Serving: @unchecked Sendable {  // set up before the store is shared; the parts have their own locks
    let delivery = Delivery()
    let readVersion = Atomic<Int64>(-1)
    var walSync: WALSync?
    var checkpointer: Checkpointer?
    var room: DiskRoom?
    var whereabouts: Whereabouts?
    let farewell = Mutex<String?>(nil)
    let lettingGo = Mutex(SQLiteStore.LettingGo())
    var keeper: Worker?
    var watcher: Worker?
    let housekeeping = Ticker(.seconds(1))
    var bodies = Ticker(.seconds(5))
    let looking = Ticker(.milliseconds(100))
    let shrinker = Shrinker()
    private var hasStarted = false
    private let isClosing = Atomic<Bool>(false)

    func notes(hasPeers: Bool) -> [String] {
        var notes: [String] = []
        let pinned = checkpointer?.pinnedBytes ?? 0
        if pinned > 256 << 20 {
            notes.append(
                "another program has been reading the store for so long that its WAL has \(pinned >> 20) MiB")
        }
        if hasPeers && Self.hasResetBug {
            notes.append(
                "SQLite \(String(cString: sqlite3_libversion())) can lose pages when several programs write one file "
                    + "(the WAL-reset bug, fixed in 3.51.3)")
        }
        return notes
    }

    /// sqlite.org/wal.html: 3.7.0 to 3.51.2, but for two versions that have the cure.
    static var hasResetBug: Bool {
        let version = sqlite3_libversion_number()
        if version >= 3_051_003 { return false }
        let (minor, patch) = (version / 1_000, version % 1_000)
        return !(minor == 3_050 && patch >= 7 || minor == 3_044 && patch >= 6)
    }

    /// - Returns: false where it has begun before.
    func beginClosing() -> Bool { !isClosing.exchange(true, ordering: .relaxed) }
    var isOpen: Bool { !isClosing.load(ordering: .relaxed) }

    func startWorkers() {
        watcher?.start()
        keeper?.start()
        hasStarted = true
    }

    func stopWorkers() {
        guard hasStarted else { return }
        hasStarted = false
        watcher?.stop()
        keeper?.stop()
    }

    /// The store was let go without `close`: its threads have nothing left to look after.
    func endWorkers() {
        guard hasStarted else { return }
        hasStarted = false
        watcher?.end()
        keeper?.end()
    }

    func closeConnections() {
        checkpointer?.close()
        walSync?.close()
    }
}

/// True once in a while.
final class Ticker: Sendable {
    private let interval: Duration
    private let last = Mutex(ContinuousClock.now)

    init(_ interval: Duration) { self.interval = interval }

    func isDue() -> Bool {
        last.withLock { last in
            guard ContinuousClock.now - last >= interval else { return false }
            last = .now
            return true
        }
    }
}
