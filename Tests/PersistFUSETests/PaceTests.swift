import Testing

@testable import PersistFUSE

@Suite("The pace of those who ask")
struct PaceTests {
    private let micro: Int64 = 1_000

    /// A request as the kernel sends it.
    private func request(_ opcode: UInt32, caller: UInt32 = 7, bytes: UInt32 = 0) -> RequestHead {
        var message = [UInt8](repeating: 0, count: 80)
        message.withUnsafeMutableBytes { message in
            message.storeBytes(of: opcode, toByteOffset: 4, as: UInt32.self)
            message.storeBytes(of: caller, toByteOffset: 32, as: UInt32.self)
            message.storeBytes(of: bytes, toByteOffset: 56, as: UInt32.self)
        }
        return message.withUnsafeBytes { RequestHead($0) }
    }

    @Test("What the kernel does not wait for, and what takes long, is seen in the message")
    func heads() {
        let lookup = request(1, caller: 4_711)
        #expect(lookup.caller == 4_711 && lookup.isAwaited && !lookup.isLong)
        for opcode: UInt32 in [2, 18, 29, 36, 42] { #expect(!request(opcode).isAwaited) }
        for opcode: UInt32 in [43, 47] { #expect(request(opcode).isLong) }
        #expect(
            !request(16, bytes: 4_096).isLong && request(16, bytes: 1 << 20).isLong
                && request(15, bytes: 1 << 17).isLong)
    }

    @Test("It looks a tenth of a millisecond, then sleeps; after a long wait it sleeps at once, after a short one not")
    func looking() {
        var pace = Pace()
        var answers = (0...10).map { pace.foundNothing(now: Int64($0) * 20 * micro) }
        #expect(answers == [true, true, true, true, true, false, false, false, false, false, false])
        _ = pace.received(request(1)) { 10_000 * micro }
        answers = [pace.foundNothing(now: 10_010 * micro)]
        _ = pace.received(request(1)) { 10_050 * micro }
        answers.append(pace.foundNothing(now: 10_060 * micro))
        #expect(answers == [false, true])
    }

    @Test("Where others have the CPU between many of its looks it sleeps for a while; one such look is none")
    func others() {
        var pace = Pace()
        var now: Int64 = 0
        func looks(after microseconds: Int64) -> Bool {
            now += microseconds * micro
            return pace.foundNothing(now: now)
        }
        func request() {
            now += 10 * micro
            _ = pace.received(self.request(1)) { now }
        }
        // One long look among many short ones, again and again.
        for _ in 0..<10 {
            for _ in 0..<Pace.looksBetween {
                let isToLook = looks(after: 1)
                #expect(isToLook)
                request()
            }
            _ = looks(after: 1)
            _ = looks(after: 1_000)
            request()
            // What was a long wait makes it sleep once.
            _ = looks(after: 1)
            request()
        }
        // Each second one.
        for _ in 0..<Pace.longLooksMax + 1 {
            _ = looks(after: 1)
            _ = looks(after: 1_000)
            request()
            _ = looks(after: 1)
            request()
        }
        let duringRest = looks(after: 1)
        request()
        let afterRest = looks(after: Pace.restNanoseconds / micro)
        #expect([duringRest, afterRest] == [false, true])
    }

    @Test("Requests of others that wait while it works are more than one thread should do; those of one caller are not")
    func overlaps() {
        var pace = Pace()
        var answers = (0..<20).map { _ in pace.received(request(1)) { 0 } }
        // A file is closed, and the next one asked for: one program.
        for _ in 0..<20 { answers += [pace.received(request(18, caller: 0)) { 0 }, pace.received(request(1)) { 0 }] }
        #expect(!answers.contains(true))
        let two = (0..<4).map { pace.received(request(1, caller: 8 + UInt32($0))) { 0 } }
        #expect(two == [false, false, false, true])
    }
}
