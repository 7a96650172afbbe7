import Glibc
import Persist
import PersistTestKit
import SQLiteStore
import Testing

@Suite("R7 parts of chunks in the store")
struct PatchTests {
    private static let chunk = 65_536

    /// A draft and the bytes that it must show.
    private struct Subject {
        var content: DraftContent
        var expected: [UInt8]

        init(_ store: SQLiteStore, _ path: String) throws {
            let node = try store.find(path)
            expected = try store.bytes(of: node.id)
            content = DraftContent(
                draft: try store.openDraft(of: node.id, isNew: false), chunks: [], size: node.size, baseLimit: node.size
            )
        }

        mutating func patch(_ byte: UInt8, at place: Int, _ count: Int) {
            let count = min(count, PatchTests.chunk - place % PatchTests.chunk)
            let bytes = [UInt8](repeating: byte, count: count)
            grow(to: place + count)
            expected.replaceSubrange(place..<(place + count), with: bytes)
            let patch = ScatteredBytes(bytes, at: place % PatchTests.chunk)
            content.patches = [DraftPatch(index: UInt64(place / PatchTests.chunk), bytes: patch)]
        }

        mutating func cut(at size: Int) {
            grow(to: size)
            expected.removeLast(expected.count - size)
            content.size = UInt64(size)
            content.baseLimit = min(content.baseLimit, UInt64(size))
        }

        mutating func punch(_ chunks: Range<Int>) {
            content.holes = [UInt64(chunks.lowerBound)..<UInt64(chunks.upperBound)]
            let bytes = (chunks.lowerBound * PatchTests.chunk..<chunks.upperBound * PatchTests.chunk)
                .clamped(to: 0..<expected.count)
            expected.replaceSubrange(bytes, with: repeatElement(0, count: bytes.count))
        }

        mutating func share(_ source: StoredContent, _ bytes: [UInt8], at target: Int) {
            let count = bytes.count / PatchTests.chunk
            guard count > 0 else { return }
            content.shared = [SharedChunks(source: source, chunks: 0..<UInt64(count), target: UInt64(target))]
            let range = target * PatchTests.chunk..<(target + count) * PatchTests.chunk
            grow(to: range.upperBound)
            expected.replaceSubrange(range, with: bytes[..<range.count])
        }

        private mutating func grow(to size: Int) {
            if expected.count < size { expected += [UInt8](repeating: 0, count: size - expected.count) }
            content.size = UInt64(expected.count)
        }

        mutating func write(_ store: SQLiteStore) throws {
            try store.writeDraft(content)
            (content.holes, content.shared, content.patches) = ([], [], [])
        }

        func shown(_ store: SQLiteStore) throws -> [UInt8] {
            try [UInt8](capacity: expected.count + 1) { span in try store.readDraft(content.draft, at: 0, into: &span) }
        }

        func publish(_ store: SQLiteStore) throws {
            _ = try store.publish(
                Publication(node: content.draft.node, content: .draft(content), mtime: SQLiteStore.clock))
        }
    }

    @Test(
        "R7 R9 parts written, cut, shared, dropped and published at random are all there, beside another mount too",
        arguments: (1...TestSize.number("PERSISTFS_TEST_PATCH_SEEDS", 3, long: 100)).map { UInt64($0) }, [false, true])
    func random(seed: UInt64, hasPeer: Bool) throws {
        let file = try StoreFile(in: StoreFile.memory)
        let store = try file.open { $0.walBytesMax = 2 << 20 }
        defer { store.close() }
        let peer = hasPeer ? try file.open() : nil
        defer { peer?.close() }
        var random = SplitMix64(seed: seed)
        func below(_ count: Int) -> Int { Int.random(in: 0..<count, using: &random) }
        let paths = ["blobs/a", "blobs/b", "blobs/c"]
        for (number, path) in paths.enumerated() {
            try store.put(path, [UInt8](repeating: UInt8(number + 1), count: 3 * Self.chunk + number * 5_000))
        }
        for step in 0..<120 {
            let path = paths[below(3)]
            var subject = try Subject(store, path)
            for _ in 0...below(6) {
                switch below(10) {
                case 0: subject.cut(at: below(5 * Self.chunk))
                case 1:
                    let first = below(4)
                    subject.punch(first..<(first + 1 + below(2)))
                case 2:
                    let other = try store.find(paths[below(3)])
                    subject.share(.published(other.id), try store.bytes(of: other.id), at: below(3))
                case 3:
                    var other = try Subject(store, paths[below(3)])
                    other.patch(UInt8(step % 200 + 2), at: below(3 * Self.chunk), 4_096)
                    try other.write(store)
                    subject.share(.draft(other.content.draft), other.expected, at: below(3))
                    try subject.write(store)
                    #expect(
                        try other.shown(store) == other.expected, "seed \(seed), step \(step): what was shared from")
                    try store.dropDraft(other.content.draft)
                default:
                    let count = [1, 100, 4_096, 4_096, 4_096, 20_000, 40_000][below(7)]
                    subject.patch(UInt8(step % 255 + 1), at: below(4 * Self.chunk), count)
                }
                try subject.write(store)
                try #require(try subject.shown(store) == subject.expected, "seed \(seed), step \(step): the draft")
            }
            if below(5) == 0 {
                try store.dropDraft(subject.content.draft)
                continue
            }
            // Now and then somebody else was there first.
            if below(8) == 0 { try (peer ?? store).put(path, [UInt8](repeating: 9, count: below(100_000))) }
            try subject.publish(store)
            for looker in [store, peer].compactMap(\.self) {
                try looker.refresh()
                let id = try looker.find(path).id
                try #require(try looker.bytes(of: id) == subject.expected, "seed \(seed), step \(step): published")
                let place = below(max(1, subject.expected.count))
                #expect(
                    try looker.bytes(of: id, at: UInt64(place), 4_096)
                        == Array(subject.expected[place...].prefix(4_096)))
            }
            if step % 10 == 9 { try #require(try store.check() == [], "seed \(seed), step \(step)") }
        }
        peer?.close()
        for path in paths { _ = try store.remove(path) }
        #expect(try store.check() == [])
    }

    @Test("R7 4 KiB here and there in a large file, synced and published, are a few times as much in the WAL")
    func cost() throws {
        let file = try StoreFile(in: StoreFile.memory)
        let store = try file.open { $0.walBytesMax = 256 << 20 }
        defer { store.close() }
        try store.put("blobs/a", [UInt8](repeating: 1, count: 32 << 20))
        var subject = try Subject(store, "blobs/a")
        func walBytes() -> Int {
            var found = stat()
            return stat(file.path + "-wal", &found) == 0 ? Int(found.st_size) : 0
        }
        let before = walBytes()
        let bytes = [UInt8](repeating: 2, count: 4_096)
        subject.content.patches = (0..<500).map { DraftPatch(index: $0, bytes: ScatteredBytes(bytes, at: 20_000)) }
        try store.keepDraft(subject.content, creation: nil, mtime: SQLiteStore.clock)
        subject.content.patches = []
        try subject.publish(store)
        let written = walBytes() - before
        #expect(written > 0 && written < 3 * 500 * 4_096, "\(written) bytes for \(500 * 4_096)")
        #expect(try store.bytes(of: subject.content.draft.node, at: 65_536 * 499 + 19_999, 3) == [1, 2, 2])
        #expect(try store.find("blobs/a").allocated == 32 << 20)
        #expect(try store.check() == [])
    }

    @Test("R7 a chunk that is written in parts again and again does not grow without end")
    func bounded() throws {
        let file = try StoreFile(in: StoreFile.memory)
        let store = try file.open()
        defer { store.close() }
        try store.put("blobs/a", [UInt8](repeating: 1, count: 2 * Self.chunk))
        for step in 0..<40 {
            var subject = try Subject(store, "blobs/a")
            subject.patch(UInt8(step + 1), at: step * 1_500, 1_000)
            try subject.publish(store)
            let taken = try #require(Int(try Foreign(file.path).run("SELECT sum(length(data)) FROM chunk")[0]))
            #expect(taken <= 5 * Self.chunk / 2, "step \(step)")
        }
        #expect(try store.check() == [])
    }

    @Test("a patch that is damaged is found, and reading the chunk says so")
    func damaged() throws {
        let file = try StoreFile(in: StoreFile.memory)
        let store = try file.open()
        defer { store.close() }
        try store.put("blobs/a", [UInt8](repeating: 1, count: 2 * Self.chunk))
        var subject = try Subject(store, "blobs/a")
        subject.patch(2, at: 1_000, 100)
        try subject.publish(store)
        try Foreign(file.path).run("UPDATE chunk SET data = x'00ff' WHERE length(data) = 104")
        #expect(kind { try store.bytes(of: subject.content.draft.node) } == .corrupt)
        #expect(
            try store.bytes(of: subject.content.draft.node, at: UInt64(Self.chunk), 10)
                == [UInt8](repeating: 1, count: 10))
        #expect(try store.check().contains { $0.path == "blobs/a" })
    }
}
