internal import Glibc
internal import Linux
internal import Synchronization

/// All persistfs mounts that this process sees, each asked for its status.
public enum MountList {
    public struct Item: Codable, Sendable {
        public var mountPoint: String
        /// As df shows it.
        public var source: String
        public var status: MountStatus?
        /// Why there is no status: a dead mount, one of another user, one that does not answer.
        public var problem: String?
    }

    /// - Parameter directory: only the mount there.
    /// - Throws: `.notFound` where there is none.
    public static func find(at directory: String?) throws(MountFailure) -> [Item] {
        let entries = try MountTable.current().persistfs
        let unmounted = DrainNote.all().map { status in
            Item(mountPoint: status.mountPoint, source: status.store.path, status: status)
        }
        guard let directory else { return items(entries) + unmounted }
        let path = PathText.resolved(directory)
        let here = unmounted.filter { $0.mountPoint == ShownText.line(path) }
        if !here.isEmpty { return entries.filter { $0.mountPoint == path }.suffix(1).map(item) + here }
        guard let entry = entries.last(where: { $0.mountPoint == path }) else {
            throw MountFailure(
                ShownText.line(directory), "no persistfs is mounted here",
                hint: "persistfs status lists the mounts.", status: .notFound)
        }
        return [item(entry)]
    }

    /// Those that a path leads to still.
    ///
    /// - Parameter hint: what to do where there is none any more.
    /// - Throws: `.notFound` where there is none at `directory`, or only a process that still sends.
    static func mounted(at directory: String?, hint: String) throws(MountFailure) -> [Item] {
        let items = try find(at: directory).filter { $0.status?.isUnmounted != true }
        if let directory, items.isEmpty {
            throw MountFailure(
                ShownText.line(directory), "is unmounted, and its process still sends what was written", hint: hint,
                status: .notFound)
        }
        return items
    }

    /// How long one may take to answer: a person waits for it, and the machine may be busy.
    private static let answerSeconds = 5

    /// All are asked at once: several that do not answer take no longer than one.
    private static func items(_ entries: [MountTable.Entry]) -> [Item] {
        let found = Answers()
        for (index, entry) in entries.enumerated() {
            OwnThread.start("status") {
                let item = item(entry)
                found.items.withLock { $0[index] = item }
            }.detach()
        }
        while found.items.withLock({ $0.count < entries.count }) { usleep(1_000) }
        return found.items.withLock { items in entries.indices.compactMap { items[$0] } }
    }

    private final class Answers: Sendable {
        let items = Mutex([Int: Item]())
    }

    private static func item(_ entry: MountTable.Entry) -> Item {
        var item = Item(mountPoint: ShownText.line(entry.mountPoint), source: ShownText.line(entry.source))
        // A question that nobody answers would keep the mount busy.
        if let server = DaemonSearch.find(at: entry.mountPoint), DaemonSearch.isStopped(server) {
            item.problem = MountStatus.noAnswer(at: entry.mountPoint).why
            return item
        }
        do throws(MountFailure) {
            item.status = try MountStatus.read(at: entry.mountPoint, seconds: answerSeconds)
        } catch {
            item.problem = error.why
            // A dead one answers at once that it is.
            if (try? MountPoint.isDead(entry.mountPoint, seconds: 1)) == true {
                item.problem = error.why + ": its process has ended; persistfs umount takes it away"
            }
        }
        return item
    }
}
