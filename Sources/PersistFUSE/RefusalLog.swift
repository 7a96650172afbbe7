import Persist
import PersistVFS
import Synchronization

/// Tells a person, in one line, what was refused or failed and why (R11).
///
/// What programs ask for in the course of things (a name that is not there, a directory that is not empty) is not
/// told. A line that repeats the one before it is counted instead of written.
final class RefusalLog: Sendable {
    private let log: any Log
    private let last = Mutex<(line: String, repeats: Int)>(("", 0))

    init(_ log: any Log) { self.log = log }

    func note(_ verb: StaticString, _ error: StoreError) {
        if Self.isWorthALine(error) { write("\(verb): \(error)") }
    }

    func write(_ line: String) {
        let repeats: Int? = last.withLock { last in
            if last.line == line {
                last.repeats += 1
                return nil
            }
            let repeats = last.repeats
            last = (line, 0)
            return repeats
        }
        guard let repeats else { return }
        if repeats > 0 { log.log("(the same \(repeats) times more)") }
        log.log(line)
    }

    static func isWorthALine(_ error: StoreError) -> Bool {
        switch error.kind {
        case .rejected, .tooLarge, .full, .quotaExceeded, .timedOut, .absent, .stale, .tooManyOpen, .tooMuchUnpublished,
            .io,
            .corrupt:
            true
        case .notPermitted: error.hint != nil
        case .notFound, .noAttribute, .exists, .notDirectory, .isDirectory, .notEmpty, .crossesNamespaces, .busy,
            .accessDenied, .nameTooLong, .readOnly, .invalid, .outOfRange, .unsupported, .loop, .interrupted,
            .badDescriptor:
            false
        }
    }
}
