import Persist
import SQLiteStore
import Synchronization
import Testing

/// The WAL-reset bug of SQLite up to 3.51.2: a checkpoint that meets a commit which begins the WAL anew loses pages.
@Suite("Two stores that write one file and bring its WAL over all the time")
struct CheckpointRaceTests {
    private static let seconds = TestSize.isLong ? 600 : 5

    @Test("R2 nothing that one of them was told is written is lost")
    func race() async throws {
        let file = try StoreFile(in: StoreFile.memory)
        let disk = Disk(file.directory, isRecording: false)
        defer { disk.close() }
        let stores = try (0..<2).map { _ in try file.open { $0.walBytesMax = 60_000 } }
        let told = try await withThrowingTaskGroup { group in
            for (number, store) in stores.enumerated() {
                group.addTask { try Self.work(store, "\(number)") }
            }
            return try await group.reduce(into: [:]) { $0.merge($1) { _, last in last } }
        }
        #expect(disk.checkpointCount > 100, "\(disk.checkpointCount) checkpoints prove little")
        for store in stores {
            for (path, text) in told { #expect(try store.text(path) == text, "\(path)") }
            #expect(try store.check() == [])
        }
        stores.forEach { $0.close() }
        let again = try file.open()
        for (path, text) in told { #expect(try again.text(path) == text, "\(path), opened again") }
        #expect(try again.check() == [])
        again.close()
    }

    @Test("R2 pages are brought over only while nobody else can write")
    func checkpointsExclude() throws {
        let file = try StoreFile(in: StoreFile.memory)
        let disk = Disk(file.directory, isRecording: false)
        defer { disk.close() }
        let store = try file.open { $0.walBytesMax = 60_000 }
        defer { store.close() }
        let other = try Foreign(file.path)
        try other.run("PRAGMA busy_timeout = 0")
        let tries = Atomic<Int>(0)
        let successes = Atomic<Int>(0)
        disk.beforeCheckpointWrite {
            tries.add(1, ordering: .relaxed)
            guard (try? other.run("BEGIN IMMEDIATE")) != nil else { return }
            successes.add(1, ordering: .relaxed)
            _ = try? other.run("ROLLBACK")
        }
        var number = 0
        while tries.load(ordering: .relaxed) < 50 && number < 100_000 {
            number += 1
            try store.put("kv/\(number % 100)", "\(number)")
        }
        disk.beforeCheckpointWrite(nil)
        #expect(tries.load(ordering: .relaxed) >= 50)
        #expect(successes.load(ordering: .relaxed) == 0)
    }

    /// - Returns: the last value of each path; of the log all lines.
    private static func work(_ store: SQLiteStore, _ me: String) throws -> [String: String] {
        let end = ContinuousClock.now + .seconds(seconds)
        var told: [String: String] = ["events/\(me).log": ""]
        var number = 0
        while ContinuousClock.now < end {
            number += 1
            let (path, text) = (
                "blobs/\(me)-\(number % 40)", "\(number) " + String(repeating: "x", count: number % 30_000)
            )
            try store.put(path, text)
            told[path] = text
            _ = try store.addLines("events/\(me).log", "\(number)\n")
            told["events/\(me).log"]! += "\(number)\n"
            if number % 50 == 0 { try store.sync() }
        }
        return told
    }
}
