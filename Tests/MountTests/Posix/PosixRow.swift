/// One sentence of POSIX (or of Linux, where POSIX is silent), a program that tries it, and what must come of it.
///
/// The program is python3 with the names of `os` and those of `PosixTable.words`, run in a fresh directory. The last
/// statement counts: the name of the errno that it ends with, else its value, else "ok". An error before it never
/// passes for its outcome.
struct PosixRow: Encodable, Sendable {
    let sentence: String
    let program: String
    /// Run after a remount, in the same directory; its outcome counts then.
    let afterRemount: String?
    let expected: String

    init(_ sentence: String, _ program: String, afterRemount: String? = nil, is expected: String) {
        self.sentence = sentence
        self.program = program
        self.afterRemount = afterRemount
        self.expected = expected
    }
}
