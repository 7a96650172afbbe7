/// Decides whether all threads wait for requests, or one of them looks for them alone.
///
/// A program that asks for one thing after another, and a thread that sleeps until it is asked, wake each other twice
/// a request; where they are on different CPUs that takes several times as long as the answer [measured: 20 µs each
/// way on a virtual machine, where a stat takes 10]. While requests come in turn, one thread therefore looks for the
/// next without sleeping. That helps only where no other thread waits in read(2): the kernel would wake it for each
/// request. So the others are parked, and the first of them looks every millisecond whether the reader gets on.
struct SoleReader {
    /// After so many looks at a reader that had nothing to do all threads wait again.
    static let quietLooksMax = 5

    private(set) var isAlone = false
    /// The one that reads; nil while it is to be found.
    private(set) var reader: Int?
    /// In the order in which they came; the first one looks.
    private(set) var parked: [Int] = []
    /// Threads that are not parked.
    private var awake = 0
    /// The reader is at something long: one of the parked is to read.
    private var isWanted = false
    private var seen = 0
    private var quietLooks = 0

    mutating func began() { awake += 1 }

    mutating func ended(_ thread: Int) {
        awake -= 1
        if reader == thread { share() }
    }

    /// Requests come in turn. The last thread that is awake when the others have finished theirs will be the reader.
    mutating func beAlone() {
        guard !isAlone else { return }
        isAlone = true
        quietLooks = 0
    }

    /// All are to wait for requests.
    mutating func share() {
        isAlone = false
        reader = nil
        isWanted = false
    }

    /// A thread is about to read.
    ///
    /// - Returns: false where it is parked instead.
    mutating func comes(_ thread: Int) -> Bool {
        guard isAlone, reader != thread else { return true }
        if reader == nil, isWanted || awake == 1 {
            isWanted = false
            reader = thread
            return true
        }
        awake -= 1
        parked.append(thread)
        return false
    }

    /// A parked thread asks whether it is to read; so does one that has left already.
    mutating func leaves(_ thread: Int) -> Bool {
        guard parked.contains(thread) else { return true }
        guard !isAlone || isWanted else { return false }
        goes(thread)
        return true
    }

    private mutating func goes(_ thread: Int) {
        parked.removeAll { $0 == thread }
        awake += 1
        guard isAlone else { return }
        isWanted = false
        reader = thread
    }

    /// The reader begins something long.
    mutating func handOver() {
        guard isAlone else { return }
        guard !parked.isEmpty else { return share() }
        reader = nil
        isWanted = true
    }

    /// The first of the parked looks at the reader.
    ///
    /// - Parameter progress: another number for each request, odd while one is worked on.
    /// - Returns: whether that thread is to read.
    mutating func looks(_ thread: Int, progress: Int) -> Bool {
        guard isAlone else { return leaves(thread) }
        if progress != seen {
            seen = progress
            quietLooks = 0
            return false
        }
        if reader != nil, progress % 2 == 1 {
            // Stuck for a millisecond. It will be parked when it comes back.
            goes(thread)
            return true
        }
        quietLooks += 1
        if quietLooks >= Self.quietLooksMax { share() }
        return leaves(thread)
    }
}
