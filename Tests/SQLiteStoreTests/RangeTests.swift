import Persist
import PersistTestKit
import SQLiteStore
import Testing

@Suite("R7 chunks that several bodies have, and holes")
struct RangeTests {
    private static let chunk = 65_536

    private func whole(_ byte: UInt8, _ chunks: Int = 1) -> [UInt8] {
        [UInt8](repeating: byte, count: chunks * Self.chunk)
    }

    private func chunks(of file: StoreFile) throws -> Int {
        try #require(Int(try Foreign(file.path).run("SELECT count(*) FROM chunk")[0]))
    }

    /// A draft of what is at `path`, with what `change` makes of it, published.
    private func publish(_ path: String, in store: SQLiteStore, _ change: (inout DraftContent) -> Void) throws {
        let node = try store.find(path)
        let draft = try store.openDraft(of: node.id, isNew: false)
        var content = DraftContent(draft: draft, chunks: [], size: node.size, baseLimit: node.size)
        change(&content)
        _ = try store.publish(Publication(node: node.id, content: .draft(content), mtime: SQLiteStore.clock))
    }

    @Test("a copy takes no chunk; each goes with the last that has it")
    func copies() throws {
        let file = try StoreFile(in: StoreFile.memory)
        let store = try file.open()
        defer { store.close() }
        let source = try store.put("blobs/a", whole(1) + whole(2) + whole(0) + whole(3)).node
        #expect(try chunks(of: file) == 3)
        try store.put("blobs/b", "")
        for start in [0, 4, 8] as [UInt64] {
            try publish("blobs/b", in: store) { content in
                content.size = (start + 4) * UInt64(Self.chunk)
                content.shared = [SharedChunks(source: .published(source.id), chunks: 0..<4, target: start)]
            }
        }
        #expect(try store.find("blobs/b").allocated == 9 * UInt64(Self.chunk))
        #expect(try chunks(of: file) == 3)
        #expect(try store.check() == [])
        // Within one body a chunk is there several times.
        _ = try store.remove("blobs/a")
        #expect(try chunks(of: file) == 3)
        try publish("blobs/b", in: store) { $0.holes = [0..<7] }
        #expect(try chunks(of: file) == 3)
        #expect(try store.check() == [])
        try publish("blobs/b", in: store) { $0.holes = [7..<9] }
        #expect(try chunks(of: file) == 2)
        _ = try store.remove("blobs/b")
        #expect(try chunks(of: file) == 0)
        #expect(try store.check() == [])
    }

    @Test("chunks that are shared, replaced, cut and dropped at random are counted right", arguments: [1, 2, 3])
    func counts(seed: UInt64) throws {
        let file = try StoreFile(in: StoreFile.memory)
        let store = try file.open()
        defer { store.close() }
        var random = SplitMix64(seed: seed)
        func below(_ count: Int) -> Int { Int.random(in: 0..<count, using: &random) }
        let paths = ["blobs/a", "blobs/b", "blobs/c"]
        for (number, path) in paths.enumerated() { try store.put(path, whole(UInt8(number + 1), 4)) }
        for step in 0..<300 {
            let path = paths[below(3)]
            let node = try store.find(path)
            let draft = try store.openDraft(of: node.id, isNew: false)
            var content = DraftContent(draft: draft, chunks: [], size: node.size, baseLimit: node.size)
            for _ in 0...below(3) {
                (content.holes, content.shared, content.chunks) = ([], [], [])
                switch below(5) {
                case 0:
                    let first = UInt64(below(6))
                    content.holes = [first..<(first + UInt64(below(4)))]
                case 1, 2:
                    let source = try store.find(paths[below(3)])
                    let count = min(UInt64(1 + below(4)), source.size / UInt64(Self.chunk))
                    let isOwn = below(3) == 0 && content.size >= 2 * UInt64(Self.chunk)
                    let shared =
                        isOwn
                        ? SharedChunks(source: .draft(draft), chunks: 0..<1, target: 1 + UInt64(below(5)))
                        : SharedChunks(
                            source: .published(source.id), chunks: 0..<count, target: UInt64(below(6)))
                    content.shared = [shared]
                    content.size = max(content.size, shared.targets.upperBound * UInt64(Self.chunk))
                case 3:
                    content.size = UInt64(below(8 * Self.chunk))
                    content.baseLimit = min(content.baseLimit, content.size)
                default:
                    content.chunks = [DraftChunk(index: UInt64(below(6)), bytes: whole(UInt8(step % 255 + 1)))]
                    content.size = max(content.size, (content.chunks[0].index + 1) * UInt64(Self.chunk))
                }
                try store.writeDraft(content)
            }
            (content.holes, content.shared, content.chunks) = ([], [], [])
            if below(4) == 0 {
                try store.dropDraft(draft)
            } else {
                _ = try store.publish(Publication(node: node.id, content: .draft(content), mtime: SQLiteStore.clock))
            }
            if step % 20 == 19 { #expect(try store.check() == [], "seed \(seed), step \(step)") }
        }
        for path in paths { _ = try store.remove(path) }
        #expect(try chunks(of: file) == 0)
        #expect(try store.check() == [])
    }

    @Test("R9 what a draft took from a copy of its own file is whole, also where another mount looks at the file")
    func takenBack() throws {
        let file = try StoreFile(in: StoreFile.memory)
        let (one, two) = (try file.open(), try file.open())
        defer {
            one.close()
            two.close()
        }
        let node = try one.put("blobs/a", whole(1, 2)).node
        let copy = try one.put("blobs/b", "").node
        try publish("blobs/b", in: one) { content in
            content.size = node.size
            content.shared = [SharedChunks(source: .published(node.id), chunks: 0..<2, target: 0)]
        }
        // Cut to a hundred bytes, then given back what it had.
        try publish("blobs/a", in: one) { content in
            content.baseLimit = 100
            content.shared = [SharedChunks(source: .published(copy.id), chunks: 0..<1, target: 0)]
        }
        #expect(try two.bytes(of: node.id) == whole(1) + whole(0))
        // And cut alone: the other's chunk stays as it is.
        try publish("blobs/b", in: one) { $0.baseLimit = 100 }
        #expect(try two.bytes(of: copy.id) == whole(1).prefix(100) + [UInt8](repeating: 0, count: 2 * Self.chunk - 100))
        #expect(try two.bytes(of: node.id) == whole(1) + whole(0))
        #expect(try one.check() == [])
    }

    @Test("data of many chunks is found in parts, one after another")
    func largeData() throws {
        let file = try StoreFile(in: StoreFile.memory)
        let store = try file.open()
        defer { store.close() }
        let node = try store.put("blobs/a", whole(1)).node
        let draft = try store.openDraft(of: node.id, isNew: false)
        let chunk = UInt64(Self.chunk)
        var count: UInt64 = 1
        while count < 1 << 15 {
            var content = DraftContent(draft: draft, chunks: [], size: 2 * count * chunk, baseLimit: node.size)
            content.shared = [SharedChunks(source: .draft(draft), chunks: 0..<count, target: count)]
            try store.writeDraft(content)
            count *= 2
        }
        #expect(try chunks(of: file) == 1)
        let content = DraftContent(draft: draft, chunks: [], size: count * chunk, baseLimit: node.size)
        for isPublished in [false, true] {
            if isPublished {
                _ = try store.publish(Publication(node: node.id, content: .draft(content), mtime: SQLiteStore.clock))
            }
            var (place, parts): (UInt64, Int) = (0, 0)
            while let data = try store.nextData(
                of: isPublished ? .published(node.id) : .draft(draft), in: place..<UInt64.max)
            {
                #expect(data.lowerBound == place)
                place = data.upperBound
                parts += 1
            }
            #expect(place == 1 << 31 && parts == 2)
        }
        #expect(try store.check() == [])
    }
}
