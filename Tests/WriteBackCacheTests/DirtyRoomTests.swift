import Persist
import PersistTestKit
import Testing

@testable import WriteBackCache

@Suite("How much may wait for the far side")
struct DirtyRoomTests {
    private func request(_ id: UInt64, _ bytes: UInt64, isMore: Bool = false) -> DirtyRoom.Request {
        DirtyRoom.Request(id: NodeID(id), bytes: bytes, isMore: isMore)
    }

    @Test(
        "there is room up to the bound; a file alone always goes; what replaces counts once, what is added counts all")
    func bound() {
        var room = DirtyRoom(bytesMax: 100, waitMilliseconds: 1_000)
        #expect(room.ask(request(1, 500), waits: true, now: 0) == .room)
        room.note(NodeID(1), generation: 1, bytes: 500)
        #expect(room.ask(request(2, 1), waits: true, now: 0) == .wait)
        #expect(room.ask(request(2, 1), waits: false, now: 0) == .full)
        #expect(room.ask(request(2, 0), waits: true, now: 0) == .room)
        #expect(room.ask(request(1, 600), waits: true, now: 0) == .room)
        #expect(room.ask(request(1, 700, isMore: true), waits: true, now: 0) == .wait)
        room.note(NodeID(1), generation: 2, bytes: 60)
        #expect(room.ask(request(1, 100), waits: true, now: 0) == .room)
        room.note(NodeID(1), generation: 3, bytes: 60)
        #expect(room.ask(request(2, 40), waits: true, now: 0) == .room)
        // What was promised is taken.
        #expect(room.ask(request(3, 1), waits: true, now: 0) == .wait)
        room.gone(NodeID(1), through: 2, now: 0)
        #expect(room.ask(request(3, 1), waits: true, now: 0) == .wait)
        room.gone(NodeID(1), through: 3, now: 0)
        #expect(room.ask(request(3, 60), waits: true, now: 0) == .room)
        #expect(room.dirtyBytes == 0)
        // Nobody takes what was promised: after a while it is there again.
        #expect(room.ask(request(4, 100), waits: true, now: 5_000) == .wait)
        #expect(room.ask(request(4, 100), waits: true, now: 20_000) == .room)
    }

    @Test("who waits comes first; where nothing goes in all that time all are refused at once, until something goes")
    func waiting() throws {
        var room = DirtyRoom(bytesMax: 100, waitMilliseconds: 1_000)
        room.note(NodeID(1), generation: 1, bytes: 100)
        #expect(room.ask(request(2, 50), waits: true, now: 0) == .wait)
        let tickets = [room.enqueue(request(2, 50), now: 0), room.enqueue(request(3, 10), now: 500)]
        let (second, third) = (try #require(tickets[0]), try #require(tickets[1]))
        room.note(NodeID(1), generation: 2, bytes: 60)
        // It would fit, and others wait.
        #expect(room.ask(request(4, 10), waits: true, now: 500) == .wait)
        #expect(room.admit(now: 600) == [])
        #expect(room.ask(request(5, 1), waits: true, now: 1_000) == .full)
        room.giveUp(second, asksAgain: true)
        #expect(room.ask(request(2, 50), waits: true, now: 1_000) == .full)
        #expect(room.admit(now: 1_000) == [third])
        #expect(room.ask(request(3, 10), waits: true, now: 1_001) == .room)
        room.note(NodeID(3), generation: 3, bytes: 10)
        // Asked anew it begins anew.
        #expect(room.ask(request(2, 50), waits: true, now: 1_002) == .wait)
        room.gone(NodeID(1), through: 2, now: 1_003)
        #expect(room.ask(request(2, 50), waits: true, now: 1_004) == .room)
    }

    @Test(
        "whatever comes and goes, no more than the bound waits, or one file; and everybody gets on",
        arguments: UInt64(1)...20)
    func property(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var room = DirtyRoom(bytesMax: 1_000, waitMilliseconds: 50)
        var dirty: [NodeID: (generation: Int64, bytes: UInt64)] = [:]
        var admitted: [DirtyRoom.Request] = []
        var waiting: [Int: DirtyRoom.Request] = [:]
        var (now, generation, refusals, waits): (Int64, Int64, Int, Int) = (0, 0, 0, 0)
        for _ in 0..<3_000 {
            now += Int64(random.next() % 10)
            switch random.next() % 6 {
            case 0, 1:
                let id = NodeID(random.next() % 12)
                let isBusy = waiting.values.contains { $0.id == id } || admitted.contains { $0.id == id }
                guard !isBusy else { continue }
                let wanted = request(id.rawValue, random.next() % (random.next() % 20 == 0 ? 3_000 : 400))
                switch room.ask(wanted, waits: true, now: now) {
                case .room: admitted.append(wanted)
                case .full: refusals += 1
                case .wait:
                    waits += 1
                    if let ticket = room.enqueue(wanted, now: now) {
                        waiting[ticket] = wanted
                    } else {
                        admitted.append(wanted)
                    }
                }
            case 2, 3:
                guard !admitted.isEmpty else { continue }
                let next = admitted.removeFirst()
                #expect(room.ask(next, waits: true, now: now) == .room)
                generation += 1
                dirty[next.id] = next.bytes > 0 ? (generation, next.bytes) : nil
                room.note(next.id, generation: generation, bytes: next.bytes)
            default:
                guard let (id, last) = dirty.min(by: { $0.value.generation < $1.value.generation }) else { continue }
                dirty[id] = nil
                room.gone(id, through: last.generation, now: now)
            }
            for ticket in room.admit(now: now) {
                if let next = waiting.removeValue(forKey: ticket) { admitted.append(next) }
            }
            let bytes = dirty.values.reduce(0) { $0 + $1.bytes }
            #expect(room.dirtyBytes == bytes)
            #expect(bytes <= 1_000 || dirty.count == 1)
        }
        #expect(waits > 20 && refusals > 0)
        while let (id, last) = dirty.first {
            dirty[id] = nil
            room.gone(id, through: last.generation, now: now)
        }
        for next in admitted { room.note(next.id, generation: generation + 1, bytes: 0) }
        while !waiting.isEmpty {
            let next = room.admit(now: now)
            #expect(!next.isEmpty)
            guard !next.isEmpty else { return }
            for ticket in next {
                guard let done = waiting.removeValue(forKey: ticket) else { continue }
                room.note(done.id, generation: generation + 2, bytes: 0)
            }
        }
    }
}
