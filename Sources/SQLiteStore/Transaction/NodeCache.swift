internal import Persist

/// What the writer's connection has read, and need not read again: a program that opens a file asks for it, and for
/// its directory, several times.
///
/// Used by whoever has that connection, and only while `isCurrent`: nobody else has committed anything since. Our own
/// transactions forget what they change: all of it, but for those that say they leave directories as they are.
final class NodeCache {
    /// Directories, some 300 bytes each.
    private static let directoriesMost = 1_024
    /// Files, with up to 1 KiB of content.
    private static let filesMost = 256
    private static let streamsMost = 256
    /// Names of directories that are known whole, 16 bytes each.
    private static let namesMost = 1 << 17

    private final class Directory {
        var row: NodeRow
        /// Below the namespace, once somebody has asked.
        var path: [FileName]?
        init(_ row: NodeRow) { self.row = row }
    }

    /// Nobody else has committed anything since this was read.
    var isCurrent = false
    private var directories: [NodeID: Directory] = [:]
    private var files: [NodeID: NodeRow] = [:]
    /// Directories that were made here, with the hashes of all their names: what is not here does not exist.
    private var whole: [NodeID: Set<Int64>] = [:]
    private var namesCount = 0
    private var streams: [NodeID: (row: NodeRow, last: StreamEvent)] = [:]

    // MARK: Directories

    func directory(_ id: NodeID) -> NodeRow? { isCurrent ? directories[id]?.row : nil }

    func path(of id: NodeID) -> [FileName]? { isCurrent ? directories[id]?.path : nil }

    func add(directory row: NodeRow) {
        guard isCurrent else { return }
        if directories.count >= Self.directoriesMost { directories.removeAll(keepingCapacity: true) }
        directories[row.id] = Directory(row)
    }

    func add(path: [FileName], of id: NodeID) { directories[id]?.path = path }

    /// A name came or went in it.
    func touch(_ id: NodeID, _ time: Timestamp) {
        guard let directory = directories[id] else { return }
        directory.row.touch(time)
    }

    // MARK: Names

    /// Whether the directory has no such name for certain.
    func lacks(_ name: FileName, in directory: NodeID) -> Bool {
        guard isCurrent, let names = whole[directory] else { return false }
        return !names.contains(Cookie.first(of: name))
    }

    /// The directory has just been made.
    func madeEmpty(_ id: NodeID) {
        whole[id] = []
        count()
    }

    func added(_ name: FileName, in directory: NodeID) {
        guard !whole.isEmpty, whole[directory] != nil else { return }
        // Two names with one hash: when one goes, nobody could say whether the other is there.
        if !whole[directory]!.insert(Cookie.first(of: name)).inserted { whole[directory] = nil }
        count()
    }

    /// One name, or one directory, more; empty ones take room too.
    private func count() {
        namesCount += 1
        guard namesCount > Self.namesMost else { return }
        whole = [:]
        namesCount = 0
    }

    func removed(_ name: FileName, in directory: NodeID) {
        guard !whole.isEmpty, whole[directory]?.remove(Cookie.first(of: name)) != nil else { return }
        namesCount -= 1
    }

    // MARK: Files

    func file(_ id: NodeID) -> NodeRow? { isCurrent ? files[id] : nil }

    func add(file row: NodeRow) {
        guard isCurrent else { return }
        if files.count >= Self.filesMost { files.removeAll(keepingCapacity: true) }
        files[row.id] = row
    }

    // MARK: Streams

    /// A stream that was appended to here, and its last event.
    func stream(_ id: NodeID) -> (row: NodeRow, last: StreamEvent)? { isCurrent ? streams[id] : nil }

    func add(stream row: NodeRow, last: StreamEvent) {
        if streams.count >= Self.streamsMost { streams.removeAll(keepingCapacity: true) }
        streams[row.id] = (row, last)
    }

    // MARK: Forgetting

    /// The node lost its name.
    func forget(_ id: NodeID) { if !streams.isEmpty { streams[id] = nil } }

    func forgetFiles() { if !files.isEmpty { files.removeAll(keepingCapacity: true) } }

    func forgetAll() {
        forgetFiles()
        if !directories.isEmpty { directories.removeAll(keepingCapacity: true) }
        if !streams.isEmpty { streams.removeAll(keepingCapacity: true) }
        if !whole.isEmpty { whole = [:] }
        namesCount = 0
    }
}
