import PersistTestKit
import Testing

@testable import PersistFUSE

@Suite("One thread that reads the kernel's requests alone")
struct SoleReaderTests {
    /// Threads 1 to `count`, of which the last reads alone.
    private func alone(_ count: Int) -> SoleReader {
        var machine = SoleReader()
        for _ in 1...count { machine.began() }
        machine.beAlone()
        for thread in 1..<count {
            let isToRead = machine.comes(thread)
            #expect(!isToRead)
        }
        let isLastToRead = machine.comes(count)
        #expect(isLastToRead && machine.reader == count && machine.parked == Array(1..<count))
        return machine
    }

    @Test("Before requests come in turn all threads read")
    func shared() {
        var machine = SoleReader()
        machine.began()
        machine.began()
        let reads = [machine.comes(1), machine.comes(2)]
        #expect(reads == [true, true] && machine.parked.isEmpty)
    }

    @Test("The last thread that is awake reads, the others are parked; when all are to read, all leave")
    func parking() {
        var machine = alone(3)
        let leaving = [machine.leaves(1), machine.leaves(2)]
        #expect(leaving == [false, false])
        machine.share()
        let left = [machine.leaves(1), machine.leaves(2), machine.comes(3), machine.leaves(1)]
        #expect(left == [true, true, true, true] && machine.parked.isEmpty)
    }

    @Test("While the reader is at something long one of the parked reads, and the reader is parked when it comes back")
    func handOver() {
        var machine = alone(3)
        machine.handOver()
        let left = [machine.leaves(2), machine.leaves(1)]
        #expect(left == [true, false] && machine.reader == 2)
        let isToRead = machine.comes(3)
        #expect(!isToRead && machine.parked == [1, 3])
    }

    @Test("A reader that is back from something long before another woke goes on reading")
    func backAtOnce() {
        var machine = alone(2)
        machine.handOver()
        let answers = [machine.comes(2), machine.leaves(1)]
        #expect(answers == [true, false] && machine.reader == 2)
    }

    @Test("Where nobody is parked, something long makes all read")
    func nobodyParked() {
        var machine = SoleReader()
        machine.began()
        machine.beAlone()
        let isToRead = machine.comes(1)
        machine.handOver()
        #expect(isToRead && !machine.isAlone)
    }

    @Test("A reader that is at one request at two looks is replaced")
    func stuck() {
        var machine = alone(2)
        let looks = [machine.looks(1, progress: 3), machine.looks(1, progress: 5), machine.looks(1, progress: 5)]
        #expect(looks == [false, false, true] && machine.reader == 1)
        let isToRead = machine.comes(2)
        #expect(!isToRead && machine.parked == [2])
    }

    @Test("When nothing has come for a while all read")
    func quiet() {
        var machine = alone(2)
        _ = machine.looks(1, progress: 4)
        for _ in 1..<SoleReader.quietLooksMax {
            let isToRead = machine.looks(1, progress: 4)
            #expect(!isToRead)
        }
        let isToRead = machine.looks(1, progress: 4)
        #expect(isToRead && !machine.isAlone)
    }

    @Test("A reader that leaves for good makes all read")
    func readerLeaves() {
        var machine = alone(2)
        machine.ended(2)
        let isToRead = machine.leaves(1)
        #expect(isToRead && !machine.isAlone)
    }

    @Test("Whatever is long, stuck or quiet: a request that comes is read after a few looks", arguments: 0..<200)
    func liveness(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var played = PlayedThreads(count: Int.random(in: 2...5, using: &random))
        for _ in 0..<500 {
            played.step(&random)
            let looks = played.looksUntilRead()
            #expect(looks <= SoleReader.quietLooksMax + 2, "seed \(seed)")
            if looks > SoleReader.quietLooksMax + 2 { return }
        }
    }
}

/// Threads as `ReadingTurns` runs them, one step at a time.
private struct PlayedThreads {
    enum Place: Equatable { case reading, working, parked }

    var machine = SoleReader()
    var places: [Place]
    var progress = 0

    init(count: Int) {
        places = Array(repeating: .reading, count: count)
        for _ in 0..<count { machine.began() }
    }

    private func threads(_ place: Place) -> [Int] { places.indices.filter { places[$0] == place } }

    mutating func step(_ random: inout SplitMix64) {
        switch Int.random(in: 0..<8, using: &random) {
        case 0...2: arrives(isLong: Int.random(in: 0..<5, using: &random) == 0, &random)
        case 3...4: if let thread = threads(.working).randomElement(using: &random) { finishes(thread) }
        case 5: machine.beAlone()
        case 6: for thread in threads(.parked).shuffled(using: &random) { leaves(thread) }
        default: looks()
        }
        if Int.random(in: 0..<50, using: &random) == 0 { machine.share() }
    }

    private mutating func arrives(isLong: Bool, _ random: inout SplitMix64) {
        guard let thread = threads(.reading).randomElement(using: &random) else { return }
        places[thread] = .working
        guard machine.reader == thread else { return }
        progress = (progress | 1) + 2
        if isLong { machine.handOver() }
    }

    private mutating func finishes(_ thread: Int) {
        if machine.reader == thread { progress &= ~1 }
        places[thread] = machine.comes(thread) ? .reading : .parked
    }

    private mutating func leaves(_ thread: Int) {
        if machine.leaves(thread) { places[thread] = .reading }
    }

    private mutating func looks() {
        guard let first = machine.parked.first else { return }
        if machine.looks(first, progress: progress) { places[first] = .reading }
    }

    /// How many looks it takes from here until a thread reads; 0 where all are at work, which no rule can help.
    func looksUntilRead() -> Int {
        var played = self
        var looks = 0
        while !played.places.contains(.reading), played.places.contains(.parked), looks < 50 {
            looks += 1
            played.looks()
            for thread in played.threads(.parked) { played.leaves(thread) }
        }
        return looks
    }
}
