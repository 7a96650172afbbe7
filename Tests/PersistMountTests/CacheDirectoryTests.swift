import Dispatch
import Foundation
import Glibc
import Synchronization
import Testing

@testable import PersistMount

@Suite("Where the copy of a far side lies")
struct CacheDirectoryTests {
    /// Waits on a thread of its own until the next descriptor of a file has been closed, and takes its number.
    private final class NumberTaker: Sendable {
        private let done = DispatchSemaphore(value: 0)
        private let taken = Mutex<(old: Int32, new: Int32)?>(nil)

        init(of path: String) {
            let known = Self.numbers(of: path)
            Thread.detachNewThread { [self] in
                var found: Int32?
                while found == nil { found = Self.numbers(of: path).subtracting(known).first }
                guard let found else { return }
                let null = open("/dev/null", O_RDONLY | O_CLOEXEC)
                while fcntl(found, F_GETFD) >= 0 { usleep(20) }
                let new = fcntl(null, F_DUPFD_CLOEXEC, found)
                close(null)
                taken.withLock { $0 = (found, new) }
                done.signal()
            }
        }

        /// Whether it is open still; true too where another was quicker to take the number.
        func isOpen() -> Bool {
            done.wait()
            guard let (old, new) = taken.withLock({ $0 }), new == old else { return true }
            defer { close(new) }
            return fcntl(new, F_GETFD) >= 0
        }

        private static func numbers(of path: String) -> Set<Int32> {
            let all = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
            return Set(
                all.filter {
                    (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/" + $0)) == path
                }
                .compactMap { Int32($0) })
        }
    }

    @Test("one that is in use is closed once: by then its number may be that of another file")
    func closedOnce() throws {
        let place = NSTemporaryDirectory() + "pfs-cache-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: place) }
        let first = try CacheDirectory(for: "far", shown: "far", in: place)
        let taker = NumberTaker(of: first.path + "/lock")
        let failure = #expect(throws: MountFailure.self) {
            _ = try CacheDirectory(for: "far", shown: "far", in: place)
        }
        #expect(failure?.status == .busy)
        #expect(taker.isOpen())
        withExtendedLifetime(first) {}
    }
}
