import Persist

/// One open description: what open(2) or creat(2) returned, however many descriptors share it.
struct OpenFile: Sendable {
    let flags: OpenFlags
    /// This open wrote a byte or called ftruncate since the last publishing: FLUSH publishes (R1).
    var hasWritten = false
    /// Of a stream: where the file ends as this open knows it (R8).
    var knownEnd: UInt64 = 0
    /// Of a stream: bytes after the last newline, which wait for the rest of their line.
    var tail: [UInt8] = []
    /// How the tail's first byte is to be appended.
    var tailStart = Append.Start.newLine
    /// The tail as `keepTail` has stored it, and how much of it.
    var keptTail: TailID?
    var keptTailCount = 0

    init(flags: OpenFlags) { self.flags = flags }
}
