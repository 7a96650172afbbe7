/// One sentence of POSIX (or of Linux, where POSIX is silent), a program that tries it, and what must come of it.
///
/// The program is python3 with the names of `os` and those of `PosixTable.words`, run in a fresh directory. The last
/// statement counts: the name of the errno that it ends with, else its value, else "ok". An error before it never
/// passes for its outcome.
struct PosixRow: Encodable, Sendable {
    /// What the program needs.
    enum CodingKeys: CodingKey { case program, afterRemount }

    let sentence: String
    let program: String
    /// Run after a remount, in the same directory; its outcome counts then.
    let afterRemount: String?
    let expected: String
    /// Where a far side's limits make that another.
    let expectedOfFarSide: String
    /// Why a bucket cannot hold what it leaves; nil: it can.
    let notInBucket: String?

    init(
        _ sentence: String, _ program: String, afterRemount: String? = nil, is expected: String,
        ofFarSide: String? = nil, notInBucket: String? = nil
    ) {
        self.sentence = sentence
        self.program = program
        self.afterRemount = afterRemount
        self.expected = expected
        expectedOfFarSide = ofFarSide ?? expected
        self.notInBucket = notInBucket
    }
}
