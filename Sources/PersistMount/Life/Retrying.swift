internal import Glibc
internal import Linux
internal import PersistVFS
internal import Synchronization

/// Publishes what found no room at its last close as soon as there is some: by a thread that looks once a second.
final class Retrying: Sendable {
    private let isEnded = Mutex(false)
    private static let lookMilliseconds = 1_000
    private static let stepMilliseconds = 50

    func begin(_ fileSystem: FileSystem) -> OwnThread {
        OwnThread.start("retry") { [self] in
            var waited = 0
            while !isEnded.withLock({ $0 }) {
                usleep(UInt32(Self.stepMilliseconds * 1_000))
                waited += Self.stepMilliseconds
                guard waited >= Self.lookMilliseconds else { continue }
                waited = 0
                fileSystem.retry()
            }
        }
    }

    func end() { isEnded.withLock { $0 = true } }
}
