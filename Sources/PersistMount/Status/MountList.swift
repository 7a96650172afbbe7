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
        guard let directory else { return entries.map(item) }
        let path = PathText.resolved(directory)
        guard let entry = entries.last(where: { $0.mountPoint == path }) else {
            throw MountFailure(
                ShownText.line(directory), "no persistfs is mounted here",
                hint: "persistfs status lists the mounts.", status: .notFound)
        }
        return [item(entry)]
    }

    private static func item(_ entry: MountTable.Entry) -> Item {
        var item = Item(mountPoint: ShownText.line(entry.mountPoint), source: ShownText.line(entry.source))
        do throws(MountFailure) {
            item.status = try MountStatus.read(at: entry.mountPoint)
        } catch {
            item.problem = error.why
        }
        return item
    }
}
