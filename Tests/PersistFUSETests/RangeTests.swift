import CLinux
import Glibc
import Persist
import PersistVFS
import Testing

@testable import PersistFUSE

@Suite("Parts of files")
struct RangeTests {
    @Test("modes of fallocate(2): what is known is taken, all else is not supported")
    func allocations() {
        let keep = FALLOC_FL_KEEP_SIZE
        #expect(Allocation(linux: 0) == Allocation(.kept, keepsSize: false))
        #expect(Allocation(linux: keep) == Allocation(.kept, keepsSize: true))
        #expect(Allocation(linux: FALLOC_FL_PUNCH_HOLE | keep) == Allocation(.hole, keepsSize: true))
        #expect(Allocation(linux: FALLOC_FL_ZERO_RANGE) == Allocation(.zeros, keepsSize: false))
        #expect(Allocation(linux: FALLOC_FL_ZERO_RANGE | keep) == Allocation(.zeros, keepsSize: true))
        for mode in [
            FALLOC_FL_PUNCH_HOLE, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE | keep, FALLOC_FL_COLLAPSE_RANGE,
            FALLOC_FL_INSERT_RANGE, FALLOC_FL_UNSHARE_RANGE, 0x400,
        ] {
            #expect(Allocation(linux: mode) == nil)
        }
    }

    @Test("pages are asked for in turn; who has waited too long is forgotten; at the end nobody waits")
    func writeBacks() throws {
        var queue = WriteBackQueue()
        let none = queue.ask(NodeID(20), 0..<5)
        #expect(none == nil)
        queue.begin()
        let idle = queue.next()
        #expect(idle == nil)
        let tickets = [queue.ask(NodeID(20), 0..<5), queue.ask(NodeID(21), 5..<9), queue.ask(NodeID(22), 0..<1)]
            .compactMap(\.self)
        try #require(tickets.count == 3)
        let (first, second, third) = (tickets[0], tickets[1], tickets[2])
        let one = queue.next()
        #expect(one == .some(.init(ticket: first, node: NodeID(20), range: 0..<5)))
        queue.forget(second)
        #expect(!queue.isDone(first))
        queue.done(first)
        #expect(queue.isDone(first))
        let two = queue.next()
        #expect(two == .some(.init(ticket: third, node: NodeID(22), range: 0..<1)))
        queue.end()
        #expect(queue.isDone(third))
        let last = queue.next()
        #expect(last == .some(nil))
    }

    @Test("who waits for pages that are not written back goes on in the end, and without a mount at once")
    func patience() {
        let state = Monitor(0)
        let start = ContinuousClock.now
        #expect(state.wait(milliseconds: 30) { $0 == 1 ? true : nil } == nil)
        #expect(ContinuousClock.now - start >= .milliseconds(30))
        state.change { $0 = 1 }
        #expect(state.wait(milliseconds: 30) { $0 == 1 ? true : nil } == true)
        #expect(!Notifier().writeBack(NodeID(20), 0..<5))
    }
}
