import Glibc
import Testing

@testable import PersistFUSE

@Suite("Whose turn it is to read requests")
struct ReadingTurnsTests {
    private static let lookup: UInt32 = 1
    private static let copyFileRange: UInt32 = 47

    @Test("Requests in turn are read by one thread alone; when none come, all threads wait again")
    func alone() throws {
        let device = try PlayedDevice(threads: 3)
        defer { device.end() }
        // Not every run of requests is in turn on a machine that is busy.
        for _ in 0..<100 where !device.turns.isAlone { device.ask(Self.lookup, 100) }
        #expect(device.turns.isAlone)
        device.ask(Self.lookup, 1_000)
        #expect(device.isSoon { !device.turns.isAlone })
        device.ask(Self.lookup, 10)
    }

    @Test(
        "R11 a request that is stuck, or long, holds up no other, also where its thread reads alone",
        arguments: [lookup, copyFileRange])
    func stuck(opcode: UInt32) throws {
        let device = try PlayedDevice(threads: 2)
        defer { device.end() }
        for _ in 0..<20 {
            for _ in 0..<100 where !device.turns.isAlone { device.ask(Self.lookup, 100) }
            device.hold()
            device.send(opcode, isHeld: true)
            // Answered while the other one is held.
            device.ask(Self.lookup, 200)
            device.letGo()
            device.ask(Self.lookup, 10)
        }
    }
}

/// A device of packets in place of /dev/fuse, and threads that read it as workers do.
private final class PlayedDevice: Sendable {
    private static let messageBytes = 80
    private static let heldAt = 72

    let turns = ReadingTurns(cpus: 2)
    private let mine: Int32
    private let theirs: Int32
    private let threads: [NativeThread]
    private let answered: Monitor<Int>
    private let isHolding: Monitor<Bool>

    init(threads count: Int) throws {
        var pair: [Int32] = [0, 0]
        try #require(socketpair(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue), 0, &pair) == 0)
        let (mine, theirs, turns) = (pair[0], pair[1], turns)
        (self.mine, self.theirs) = (mine, theirs)
        let answered = Monitor(0)
        let isHolding = Monitor(false)
        (self.answered, self.isHolding) = (answered, isHolding)
        threads = try (0..<count).map { _ in
            let thread = NativeThread.start("played") { Self.serve(theirs, turns, answered, isHolding) }
            return try #require(thread)
        }
    }

    private static func serve(_ fd: Int32, _ turns: ReadingTurns, _ answered: Monitor<Int>, _ isHolding: Monitor<Bool>)
    {
        var message = [UInt8](repeating: 0, count: messageBytes)
        let number = turns.began(device: fd)
        defer { turns.ended(number) }
        var pace = Pace()
        while true {
            let received = turns.read(as: number, &pace) {
                let count = Glibc.read(fd, &message, messageBytes)
                return count < 0 ? -errno : Int32(count)
            }
            if received == -EAGAIN || received == -EINTR { continue }
            guard received > 0 else { return turns.share() }
            let isCounted = turns.received(message.withUnsafeBytes { RequestHead($0) }, by: number, &pace)
            if message[heldAt] == 1 { isHolding.wait { $0 ? nil : () } }
            answered.change { $0 += 1 }
            turns.finished(by: number, isCounted: isCounted)
        }
    }

    func send(_ opcode: UInt32, isHeld: Bool = false) {
        var message = [UInt8](repeating: 0, count: Self.messageBytes)
        message.withUnsafeMutableBytes { $0.storeBytes(of: opcode, toByteOffset: 4, as: UInt32.self) }
        message[Self.heldAt] = isHeld ? 1 : 0
        write(mine, message, message.count)
    }

    /// Sends so many requests, each when the one before has been answered.
    func ask(_ opcode: UInt32, _ count: Int) {
        for _ in 0..<count {
            let before = answered.withLock { $0 }
            send(opcode)
            let isAnswered: Void? = answered.wait(milliseconds: 10_000) { $0 > before ? () : nil }
            #expect(isAnswered != nil)
            if isAnswered == nil { return }
        }
    }

    func hold() { isHolding.change { $0 = true } }
    func letGo() { isHolding.change { $0 = false } }

    func isSoon(_ condition: () -> Bool) -> Bool {
        for _ in 0..<5_000 {
            if condition() { return true }
            usleep(1_000)
        }
        return false
    }

    func end() {
        letGo()
        close(mine)
        for thread in threads { thread.join() }
        close(theirs)
    }
}
