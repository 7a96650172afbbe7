import Persist
import Testing

@testable import PersistFUSE

@Suite("R9 what the kernel must forget")
struct InvalidationQueueTests {
    private let directory = NodeID(20)
    private let file = NodeID(21)

    /// What the queue gives until it has nothing to give.
    private func expect(
        _ queue: inout InvalidationQueue, entries: [InvalidationQueue.Entry],
        _ location: SourceLocation = #_sourceLocation
    ) {
        var given: [InvalidationQueue.Entry] = []
        while let told = queue.nextEntry() { given.append(told.entry) }
        #expect(given == entries, sourceLocation: location)
    }

    private func expect(
        _ queue: inout InvalidationQueue, inodes: [InvalidationQueue.Inode],
        _ location: SourceLocation = #_sourceLocation
    ) {
        var given: [InvalidationQueue.Inode] = []
        while let inode = queue.nextInode() { given.append(inode) }
        #expect(given == inodes, sourceLocation: location)
    }

    @Test("R9 a name goes together with the listing of its directory")
    func nameAndListing() {
        var queue = InvalidationQueue()
        queue.invalidate("a", in: directory)
        expect(&queue, entries: [.init(parent: directory, name: "a")])
        expect(&queue, inodes: [.init(node: directory, attributesOnly: false)])
    }

    @Test("R9 the same node is told once, and of its pages if any of the changes was one of content")
    func coalesced() {
        var queue = InvalidationQueue()
        queue.invalidate(file, attributesOnly: true)
        queue.invalidate(file, attributesOnly: false)
        queue.invalidate(file, attributesOnly: true)
        expect(&queue, inodes: [.init(node: file, attributesOnly: false)])
        queue.invalidate(file, attributesOnly: true)
        expect(&queue, inodes: [.init(node: file, attributesOnly: true)])
    }

    @Test("R9 a name waits while its directory has an unanswered request, and names of others do not")
    func setAside() {
        var queue = InvalidationQueue()
        queue.asked(directory)
        queue.asked(directory)
        queue.invalidate("a", in: directory)
        queue.invalidate("a", in: directory)
        queue.invalidate("b", in: .root)
        expect(&queue, entries: [.init(parent: .root, name: "b")])
        let isReadyHalfway = queue.answered(directory)
        #expect(!isReadyHalfway)
        expect(&queue, entries: [])
        let isReady = queue.answered(directory)
        #expect(isReady)
        expect(&queue, entries: [.init(parent: directory, name: "a")])
    }

    @Test("R9 a name that is new is only looked up again, one that has changed is dropped, whatever else is told of it")
    func expired() {
        var queue = InvalidationQueue()
        queue.expire("new", in: directory)
        for name in ["first", "last"] as [FileName] {
            if name == "first" { queue.invalidate(name, in: directory) }
            queue.expire(name, in: directory)
            if name == "last" { queue.invalidate(name, in: directory) }
        }
        var drops: [FileName: Bool] = [:]
        while let told = queue.nextEntry() { drops[told.entry.name] = told.drops }
        #expect(drops == ["new": false, "first": true, "last": true])
        expect(&queue, inodes: [.init(node: directory, attributesOnly: false)])
    }

    @Test("R9 a name that changes again after it was told is told again")
    func again() {
        var queue = InvalidationQueue()
        for _ in 0..<2 {
            queue.invalidate("a", in: directory)
            expect(&queue, entries: [.init(parent: directory, name: "a")])
        }
    }

    @Test("R14 a full queue becomes the names at the root, below which the kernel forgets everything")
    func overflow() {
        var queue = InvalidationQueue(entriesMax: 100)
        for number in 0..<101 { queue.invalidate(FileName(unchecked: Array("\(number)".utf8)), in: directory) }
        #expect(queue.overflows == 1)
        var names: Set<FileName> = []
        while let (entry, drops) = queue.nextEntry() {
            #expect(entry.parent == .root && drops)
            names.insert(entry.name)
        }
        #expect(names == ["records", "kv", "blobs", "events", ".persist"])
        expect(&queue, inodes: [.init(node: .root, attributesOnly: false)])
    }

    @Test("R14 a full queue of nodes does the same")
    func overflowOfNodes() {
        var queue = InvalidationQueue(entriesMax: 100)
        for number in 0..<101 { queue.invalidate(NodeID(100 + UInt64(number)), attributesOnly: true) }
        #expect(queue.overflows == 1)
        let first = queue.nextEntry()
        #expect(first?.entry.parent == .root)
    }

    @Test("First in, first out, over many rounds")
    func fifo() {
        var fifo = Fifo<Int>()
        var next = 0
        var expected = 0
        for round in 0..<100 {
            for _ in 0..<(round % 7) * 100 {
                fifo.append(next)
                next += 1
            }
            for _ in 0..<(round % 5) * 120 {
                guard let element = fifo.popFirst() else { break }
                #expect(element == expected)
                expected += 1
            }
            #expect(fifo.count == next - expected)
        }
    }
}
