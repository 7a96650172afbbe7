import Glibc
import Synchronization
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
        // The reader of this one is at work still when the next reader has nothing to do.
        device.ask(Self.copyFileRange, 1)
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
    /// Requests that are held until as many have been let go.
    private let letGone: Monitor<Int>
    private let held = Atomic(0)

    init(threads count: Int) throws {
        var pair: [Int32] = [0, 0]
        try #require(socketpair(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue), 0, &pair) == 0)
        let (mine, theirs, turns) = (pair[0], pair[1], turns)
        (self.mine, self.theirs) = (mine, theirs)
        let answered = Monitor(0)
        let letGone = Monitor(0)
        (self.answered, self.letGone) = (answered, letGone)
        threads = try (0..<count).map { _ in
            let thread = NativeThread.start("played") { Self.serve(theirs, turns, answered, letGone) }
            return try #require(thread)
        }
    }

    private static func serve(_ fd: Int32, _ turns: ReadingTurns, _ answered: Monitor<Int>, _ letGone: Monitor<Int>) {
        var message = [UInt8](repeating: 0, count: messageBytes)
        let thread = turns.began(device: fd)
        defer { turns.ended(thread) }
        var pace = Pace()
        while true {
            let received = turns.read(as: thread, &pace) {
                let count = Glibc.read(fd, &message, messageBytes)
                return count < 0 ? -errno : Int32(count)
            }
            if received == -EAGAIN || received == -EINTR { continue }
            guard received > 0 else { return turns.share() }
            let isCounted = turns.received(message.withUnsafeBytes { RequestHead($0) }, by: thread, &pace)
            let number = Int(message[heldAt])
            letGone.wait { $0 >= number ? () : nil }
            answered.change { $0 += 1 }
            turns.finished(by: thread, isCounted: isCounted)
        }
    }

    func send(_ opcode: UInt32, isHeld: Bool = false) {
        var message = [UInt8](repeating: 0, count: Self.messageBytes)
        message.withUnsafeMutableBytes { $0.storeBytes(of: opcode, toByteOffset: 4, as: UInt32.self) }
        // From 1 on; 0 is not held.
        if isHeld { message[Self.heldAt] = UInt8(held.wrappingAdd(1, ordering: .relaxed).newValue) }
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

    func letGo() { letGone.change { $0 = held.load(ordering: .relaxed) } }

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
