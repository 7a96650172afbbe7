import Persist
import SQLiteStore
import Synchronization
import Testing

@Suite("What waits for a far side")
struct OutboxTests {
    private final class Told: Sendable {
        let entries = Mutex<[OutboxEntry]>([])
        func last(_ id: NodeID) -> Int64? { entries.withLock { $0.last { $0.node == id }?.generation } }
    }

    @Test("a file that is made in a directory while that is sent: who sends is told that it waits again")
    func madeMeanwhile() throws {
        let file = try StoreFile(in: StoreFile.memory)
        let told = Told()
        let store = try file.open { options in
            options.outboxChanged = { entries in told.entries.withLock { $0 += entries } }
        }
        func make(_ name: String) throws {
            let id = try store.reserveNodeID()
            let creation = Creation(
                id: id, parent: Namespace.kv.node, name: FileName(unchecked: Array(name.utf8)), kind: .file, mode: nil,
                uid: nil, gid: nil, time: .now())
            _ = try store.publish(Publication(node: id, creation: creation, content: .bytes([1]), mtime: .now()))
        }
        let directory = Namespace.kv.node
        try make("a")
        let sent = try #require(try store.outboxSnapshot(of: directory, contentBytesMax: 1_000)).entry
        #expect(told.last(directory) == sent.generation)
        try make("b")
        let record = FarRecord(path: Array("kv".utf8), node: directory, time: .now())
        try store.book([.ended(.init(sent, records: [record], removed: []))])
        let left = try #require(try store.outboxEntry(of: directory))
        #expect(left.generation > sent.generation)
        #expect(told.last(directory) == left.generation)
        store.close()
    }
}
