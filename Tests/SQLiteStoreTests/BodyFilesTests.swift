import Glibc
import Linux
import Persist
import PersistTestKit
import Synchronization
import Testing

@testable import SQLiteStore

/// Long content of a store that is a copy of a far side.
@Suite("Content beside the store", .serialized)
struct BodyFilesTests {
    private static let mebibyte = 1 << 20

    private func copy(_ file: StoreFile) throws -> SQLiteStore { try file.open { $0.outboxChanged = { _ in } } }

    private func content(_ seed: UInt64, _ mebibytes: Int) -> [UInt8] {
        var random = SplitMix64(seed: seed)
        var bytes = [UInt8](repeating: 1, count: mebibytes * Self.mebibyte)
        for index in stride(from: 0, to: bytes.count, by: 509) {
            bytes[index] = UInt8(truncatingIfNeeded: random.next())
        }
        return bytes
    }

    /// Writes it piece by piece, as a program does.
    private func write(_ bytes: [UInt8], to draft: Draft, in store: SQLiteStore) throws {
        let chunk = Int(store.limits.chunkBytes)
        for start in stride(from: 0, to: bytes.count, by: Self.mebibyte) {
            let end = min(bytes.count, start + Self.mebibyte)
            let chunks = stride(from: start, to: end, by: chunk).map {
                DraftChunk(index: UInt64($0 / chunk), bytes: Array(bytes[$0..<min(end, $0 + chunk)]))
            }
            try store.writeDraft(DraftContent(draft: draft, chunks: chunks, size: UInt64(end), baseLimit: 0))
        }
    }

    private func publish(_ bytes: [UInt8], as path: String, in store: SQLiteStore) throws -> Node {
        let creation = try store.creation(path)
        let draft = try store.openDraft(of: creation.id, isNew: true)
        try write(bytes, to: draft, in: store)
        let content = DraftContent(draft: draft, chunks: [], size: UInt64(bytes.count), baseLimit: 0)
        return try store.publish(
            Publication(node: creation.id, creation: creation, content: .draft(content), mtime: SQLiteStore.clock)
        ).node
    }

    private func bytes(_ id: NodeID, _ count: Int, _ store: SQLiteStore) throws -> [UInt8] {
        try [UInt8](capacity: count) { span throws(StoreError) in _ = try store.read(id, at: 0, into: &span) }
    }

    /// What the files beside the store take.
    private func beside(_ file: StoreFile) -> Int {
        let directory = file.path + "-bodies"
        return StoreFile.names(in: directory).reduce(0) { sum, name in
            var found = stat()
            return stat(directory + "/" + name, &found) == 0 ? sum + Int(found.st_blocks) * 512 : sum
        }
    }

    @Test("R7 what is written lies there once, is read and checked from there, and gives its room back")
    func lies() throws {
        let file = try StoreFile(in: StoreFile.memory)
        let store = try copy(file)
        let text = content(1, 9)
        let node = try publish(text, as: "blobs/a", in: store)
        #expect(beside(file) == text.count)
        #expect(try bytes(node.id, text.count, store) == text)
        #expect(try store.usedBytes() > UInt64(text.count))
        #expect(try store.node(node.id).allocated == UInt64(text.count))
        #expect(try store.check() == [])
        _ = try store.unlink("a", in: Namespace.blobs.node)
        try eventuallyNow { beside(file) == 0 }
        #expect(try store.usedBytes() < UInt64(Self.mebibyte))
        store.close()
        #expect(file.names == ["store.db"])
    }

    @Test("R9 who has begun to read goes on reading what has been removed meanwhile")
    func reads() throws {
        let file = try StoreFile(in: StoreFile.memory)
        let store = try copy(file)
        let text = content(2, 5)
        let node = try publish(text, as: "blobs/a", in: store)
        let isRemoved = Atomic<Bool>(false)
        let seen = try store.readers.read { db throws(StoreError) in
            try db.together { () throws(StoreError) in
                guard let row = try db.node(node.id) else { throw StoreError(.notFound) }
                OwnThread.start("remover") {
                    _ = try? store.unlink("a", in: Namespace.blobs.node)
                    isRemoved.store(true, ordering: .releasing)
                }.detach()
                while !isRemoved.load(ordering: .acquiring) { usleep(1_000) }
                // Longer than housekeeping waits.
                usleep(1_500_000)
                return try db.bytes(of: row)
            }
        }
        #expect(seen == text)
        try eventuallyNow { beside(file) == 0 }
        store.close()
    }

    @Test("what a transaction wrote that did not come about takes no room, nor what a killed process had not published")
    func undone() throws {
        let file = try StoreFile(in: StoreFile.memory)
        let store = try copy(file)
        let kept = content(3, 2)
        let node = try publish(kept, as: "blobs/kept", in: store)
        let before = beside(file)
        #expect(throws: StoreError.self) {
            try store.write { tx throws(StoreError) in
                let body = try tx.newID(.body)
                for index in 0..<8 {
                    _ = try tx.putChunk([UInt8](repeating: 7, count: 65_536)[...], body, Int64(index), isOfMany: true)
                }
                throw StoreError(.invalid)
            }
        }
        #expect(beside(file) == before)
        let draft = try store.openDraft(of: try store.creation("blobs/lost").id, isNew: true)
        try write(content(4, 6), to: draft, in: store)
        #expect(beside(file) > before + 5 * Self.mebibyte)
        store.abandon()
        // What lies behind no row, as where the kill came before the commit.
        let stray = "\(file.path)-bodies/0"
        let descriptor = open(stray, O_WRONLY | O_CLOEXEC)
        #expect(pwrite(descriptor, [UInt8](repeating: 9, count: 65_536 * 20), 65_536 * 20, 65_536 * 900) > 0)
        close(descriptor)
        let next = try copy(file)
        try eventuallyNow { beside(file) <= before }
        #expect(try bytes(node.id, kept.count, next) == kept)
        #expect(try next.check() == [])
        next.close()
    }

    @Test("a store with a file that its next numbers lie in opens, and files of numbers that were lost do no harm")
    func opens() throws {
        let file = try StoreFile(in: StoreFile.memory)
        let store = try copy(file)
        // 1,100 slots and more: the second file is begun, and the numbers that were given out end in it.
        let text = [UInt8](repeating: 3, count: 1_100 << 16)
        let node = try publish(text, as: "blobs/a", in: store)
        store.close()
        try file.write([1], to: "store.db-bodies/900")
        let next = try copy(file)
        #expect(try next.bytes(of: node.id, at: 1_099 << 16, 65_536) == [UInt8](repeating: 3, count: 65_536))
        #expect(try next.check() == [])
        next.close()
    }

    @Test("a copy of the file alone has what lies beside it, and the file is opened as no other store's")
    func copies() throws {
        let file = try StoreFile(in: StoreFile.memory)
        let store = try copy(file)
        let text = content(8, 5)
        let node = try publish(text, as: "blobs/a", in: store)
        try store.snapshot(to: file.directory + "/snapshot.db")
        store.close()
        #expect(throws: StoreError.self) { try file.open() }
        var options = SQLiteStoreOptions()
        options.isReadOnly = true
        let other = try SQLiteStore.open(path: file.directory + "/snapshot.db", options: options)
        #expect(try bytes(node.id, text.count, other) == text)
        #expect(try other.check() == [])
        other.close()
    }

    @Test("R2 what is fsynced, or published, is synced before that is said; what is only written is not")
    func syncs() throws {
        let file = try StoreFile(in: StoreFile.memory)
        let store = try copy(file)
        let files = try #require(store.mount.bodyFiles)
        let text = content(5, 5)
        let node = try publish(text, as: "blobs/a", in: store)
        #expect(!files.syncing.hasUnsynced)
        let draft = try store.openDraft(of: node.id, isNew: false)
        let chunk = DraftChunk(index: 3, bytes: [UInt8](repeating: 5, count: 65_536))
        let changed = DraftContent(draft: draft, chunks: [chunk], size: node.size, baseLimit: node.size)
        try store.writeDraft(changed)
        #expect(files.syncing.hasUnsynced)
        try store.keepDraft(
            DraftContent(draft: draft, chunks: [], size: node.size, baseLimit: node.size), creation: nil,
            mtime: SQLiteStore.clock)
        #expect(!files.syncing.hasUnsynced)
        // What is written to what was kept lies in the store: it survives whatever of it is synced.
        try store.writeDraft(changed)
        let patch = DraftPatch(index: 3, bytes: ScatteredBytes([1, 2, 3], at: 100))
        var patched = DraftContent(draft: draft, chunks: [], size: node.size, baseLimit: node.size)
        patched.patches = [patch]
        try store.writeDraft(patched)
        #expect(!files.syncing.hasUnsynced)
        store.abandon()
        let next = try copy(file)
        var expected = text
        expected.replaceSubrange(3 * 65_536..<4 * 65_536, with: [UInt8](repeating: 5, count: 65_536))
        let shown = try bytes(node.id, text.count, next)
        expected.replaceSubrange(3 * 65_536 + 100..<3 * 65_536 + 103, with: [1, 2, 3])
        #expect(shown == expected)
        next.close()
    }

    @Test(
        "a disk that fails, or is full, at any call: an error, or all of it; what was there stays, and no room is lost",
        arguments: DiskFault.Kind.allCases)
    func faults(kind: DiskFault.Kind) throws {
        let file = try StoreFile(in: StoreFile.memory)
        let disk = Disk(file.directory, isRecording: false)
        defer { disk.close() }
        func open() throws -> SQLiteStore {
            try file.open { options in
                options.outboxChanged = { _ in }
                options.bodyWatcher = disk
            }
        }
        var store = try open()
        let (kept, text) = (content(6, 2), content(7, 2))
        let first = try publish(kept, as: "blobs/kept", in: store)
        let before = beside(file)
        var (hits, number, published) = (0, 0, 0)
        while number < 400 {
            let path = "blobs/\(number)"
            disk.inject(DiskFault(kind, first: disk.callCount + number))
            let node = try? publish(text, as: path, in: store)
            let isHit = disk.isHit
            disk.inject(nil)
            if isHit { hits += 1 }
            if let node {
                published += 1
                #expect(try bytes(node.id, text.count, store) == text)
                _ = try? store.unlink(try store.place(path).name, in: Namespace.blobs.node)
            } else {
                #expect(isHit)
                #expect(throws: StoreError.self) { try store.find(path) }
            }
            #expect(try bytes(first.id, kept.count, store) == kept)
            // After a failed sync nobody knows what is on the disk; and what was not published goes with its mount.
            store.abandon()
            store = try open()
            if !isHit, number > 0 { break }
            number += 1
        }
        #expect(hits > 20 && published > 0)
        #expect(try store.check() == [])
        try eventuallyNow({ "\(beside(file)) bytes, not \(before)" }) { beside(file) == before }
        store.close()
    }

    @Test("an older persistfs, which would read zeros there, refuses the store by its version")
    func version() throws {
        let file = try StoreFile(in: StoreFile.memory)
        try copy(file).close()
        #expect(try Foreign(file.path).run("PRAGMA user_version") == ["3"])
        try copy(file).close()
    }

    private func eventuallyNow(_ what: () -> String = { "" }, _ isSo: () -> Bool) throws {
        for _ in 0..<1_500 where !isSo() { usleep(20_000) }
        #expect(isSo(), "\(what())")
    }
}
