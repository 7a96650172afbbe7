import Glibc
import Linux
import Persist
import Synchronization
import Testing

@testable import SQLiteStore

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
        let seenToWait = Result { try waits.seen { try store.refresh() } }
        try other.run("COMMIT")
        writing.join()
        #expect(try seenToWait.get() > 0)
        try written.withLock { $0 }?.get()
        #expect(try store.text("records/a.json") == "1")
    }

    @Test("R8 lines of several logs wait together for a program that holds the file, and not one after the other")
    func linesTogether() throws {
        let file = try StoreFile()
        let waits = CountedWaits()
        let store = try file.open {
            $0.waits = waits
            $0.limits.busyMilliseconds = 100
        }
        defer { store.close() }
        let logs = try (0..<4).map { try store.addLines("events/\($0).log", "1\n").node.id }
        store.serving.stopWorkers()
        let other = try Foreign(file.path)
        try other.run("BEGIN IMMEDIATE")
        func append() -> [Result<Appended, StoreError>] {
            store.append(logs.map { Append(stream: $0, bytes: Array("2\n".utf8), start: .newLine, time: .now) })
        }
        var results: [Result<Appended, StoreError>] = []
        #expect(waits.seen { results = append() } == 1)
        for result in results { #expect(kind { try result.get() } == .timedOut) }
        try other.run("COMMIT")
        for result in append() { #expect(try result.get().accepted == 2) }
        for number in 0..<4 { #expect(try store.text("events/\(number).log") == "1\n2\n") }
    }
}
