import Glibc
import Persist
import PersistVFS
import Synchronization
import Testing

@testable import PersistFUSE

@Suite("R11 errors on their way to a program")
struct ErrnoTests {
    @Test("R11 every kind of error has an errno, never ENOSYS, EAGAIN or success", arguments: StoreError.Kind.allCases)
    func everyKind(kind: StoreError.Kind) {
        let number = errno(of: StoreError(kind))
        #expect(number > 0)
        #expect(![ENOSYS, EAGAIN].contains(number))
    }

    @Test("R11 kinds are told apart, but for a failing and a damaged disk, and for what did not come in time")
    func distinct() {
        let numbers = StoreError.Kind.allCases.filter { $0 != .corrupt && $0 != .absent }.map {
            errno(of: StoreError($0))
        }
        #expect(Set(numbers).count == numbers.count)
        #expect(errno(of: StoreError(.corrupt)) == EIO)
        #expect(errno(of: StoreError(.rejected)) == EBADMSG)
        #expect(errno(of: StoreError(.full)) == ENOSPC)
    }

    private final class Lines: Log {
        let all = Mutex<[String]>([])
        func log(_ line: String) { all.withLock { $0.append(line) } }
    }

    @Test("R11 a refusal is logged once with key and hint, a missing name never")
    func refusals() {
        let lines = Lines()
        let log = RefusalLog(lines)
        let refusal = StoreError(.rejected, key: "records/a", hint: "not JSON: line 1, column 3")
        log.note("close", StoreError(.notFound, key: "records/b"))
        log.note("unlink", StoreError(.notPermitted))
        for _ in 0..<3 { log.note("close", refusal) }
        log.note("unlink", StoreError(.notPermitted, key: "events/a", hint: "a stream only grows"))
        #expect(
            lines.all.withLock { $0 } == [
                "close: records/a: not JSON: line 1, column 3", "(the same 2 times more)",
                "unlink: events/a: a stream only grows",
            ])
    }
}
