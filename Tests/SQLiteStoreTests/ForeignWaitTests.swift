import Glibc
import Linux
import Persist
import SQLiteStore
import Synchronization
import Testing

/// What else goes on while another program holds the file.
@Suite struct ForeignWaitTests {
    @Test("Who looks for what others did, behind a writer that waits for them, counts as one that waits too")
    func lookBehindWriter() throws {
        let file = try StoreFile()
        let waits = CountedWaits()
        let store = try file.open { $0.waits = waits }
        defer { store.close() }
        let other = try Foreign(file.path)
        try other.run("BEGIN IMMEDIATE")
        // Threads of their own: where all tasks' threads are taken, the writer would have given up before this one
        // looks.
        let written = Mutex<Result<Void, any Error>?>(nil)
        let writing = OwnThread.start("writer") {
            let result = Result<Void, any Error> { _ = try store.put("records/a.json", "1") }
            written.withLock { $0 = result }
        }
        while waits.count == 0 { usleep(1000) }
        // An open asks for this, on a thread that reads the kernel's requests.
        let isSeenToWait = Result { try waits.isSeen { try store.refresh() } }
        try other.run("COMMIT")
        writing.join()
        #expect(try isSeenToWait.get())
        try written.withLock { $0 }?.get()
        #expect(try store.text("records/a.json") == "1")
    }
}

/// Who waits, and has waited: threads of the store do so too.
private final class CountedWaits: WaitObserver {
    private let state = Mutex([pthread_t]())
    func waitBegins() { state.withLock { $0.append(pthread_self()) } }
    func waitEnds() {}
    var isInterrupted: Bool { false }
    var count: Int { state.withLock { $0.count } }

    /// Whether this thread waits in `body`.
    func isSeen(_ body: () throws -> Void) rethrows -> Bool {
        let before = count
        try body()
        return state.withLock { $0[before...].contains { pthread_equal($0, pthread_self()) != 0 } }
    }
}
