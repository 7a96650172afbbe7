import Testing

@testable import SQLiteStore

@Suite("R9 other programs get their share of the file")
struct LockShareTests {
    private let start = ContinuousClock.now

    @Test("alone, nothing is left free")
    func alone() {
        var share = LockShare()
        share.take(start)
        share.give(start + .milliseconds(50), others: 0)
        #expect(share.pause(start + .milliseconds(50)) == nil)
    }

    @Test("the lock stays free as long as it was held, once for each other program; idle time counts")
    func share() throws {
        var share = LockShare()
        share.take(start)
        share.give(start + .milliseconds(10), others: 2)
        #expect(share.pause(start + .milliseconds(10)) == .milliseconds(20))
        #expect(share.pause(start + .milliseconds(25)) == .milliseconds(5))
        #expect(share.pause(start + .milliseconds(29)) == nil)
        share.take(start + .milliseconds(25))
        share.give(start + .milliseconds(26), others: 2)
        #expect(share.debt == .milliseconds(7))
    }

    @Test("one long transaction stops the mount for 100 ms at most, and small ones are saved up")
    func bounds() {
        var share = LockShare()
        share.take(start)
        share.give(start + .seconds(1), others: 3)
        #expect(share.pause(start + .seconds(1)) == LockShare.debtMost)
        var small = LockShare()
        for step in 0..<20 {
            let now = start + .microseconds(100 * step)
            #expect(small.pause(now) == nil)
            small.take(now)
            small.give(now + .microseconds(99), others: 1)
        }
        #expect(small.debt > .milliseconds(1))
    }

    @Test("programs are counted by their locks on the -shm file")
    func counting() {
        let locks = """
            1: POSIX  ADVISORY  READ 11 fe:00:4711 128 128
            2: POSIX  ADVISORY  READ 22 fe:00:4711 128 128
            3: POSIX  ADVISORY  READ 22 fe:00:4711 123 123
            4: POSIX  ADVISORY  READ 33 fe:00:47110 128 128
            5: OFDLCK ADVISORY  READ -1 fe:00:4711 128 128
            6: -> POSIX  ADVISORY  WRITE 44 fe:00:4711 128 128

            """
        #expect(OtherPrograms.count(in: locks, inode: 4711, besides: 11) == 1)
        #expect(OtherPrograms.count(in: locks, inode: 4711, besides: 7) == 2)
    }
}
