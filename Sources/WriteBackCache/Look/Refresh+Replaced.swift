import Persist
import SQLiteStore

/// Directories that others have removed, and put a file in their place: a value under the key of a directory that is here is
/// its `%self`, as long as there is such a directory.
extension Refresh {
    /// Values for which it is not known yet whether the directory of their name stays.
    struct Postponed {
        var keys: [StoreKey] = []
        /// false: what is to go has gone.
        var isOpen = true
    }

    /// - Parameter directory: what the far side is recorded to have of the directory.
    func isPostponed(
        _ key: StoreKey, _ place: Place, of directory: FarRecord?, _ postponed: inout Postponed
    ) throws(StoreError) -> Bool {
        guard postponed.isOpen, try !isSeen(directoryAt: place.metaPath) else { return false }
        let isKnown = place.record?.key == key.bytes
        // A directory that has never had side data is there by its keys alone.
        if isKnown, directory?.metaKey == nil { return false }
        postponed.keys.append(key)
        // It is there, whatever comes of it.
        if isKnown { try store.sawValues(at: [place.path.text]) }
        return true
    }

    private func isSeen(directoryAt path: ShownPath) throws(StoreError) -> Bool {
        try store.seenMeta(at: [path.text + [FarKey.slash]]).contains { $0 != nil }
    }

    /// Once all that others have removed has gone here too.
    func takeReplacing(_ postponed: Postponed, _ asked: Timestamp) async throws(StoreError) -> Int {
        var (changed, last) = (0, Postponed(isOpen: false))
        for key in postponed.keys {
            try leaveDirectory(key, asked)
            if far.listsKeys {
                guard let entry = try await far.entry(of: key) else { continue }
                changed += try await takeKeys([entry], asked, &last)
            } else {
                guard let value = try await far.getPatiently(key) else { continue }
                changed += try await takeValues([StoreEntry(key: key, value: value)], asked, &last)
            }
        }
        return changed
    }

    /// A directory that holds nothing but its `%self`, and that the far side has no more, is the file: as `%self` it goes, and
    /// the directory with it.
    private func leaveDirectory(_ key: StoreKey, _ asked: Timestamp) throws(StoreError) {
        guard let far = FarKey(key), let path = far.path(), let own = far.path(isPrefix: true),
            try !isSeen(directoryAt: path), let record = try store.farRecord(at: own.text), record.key == key.bytes,
            let directory = try store.found(at: [path.text]).first?.directory
        else { return }
        let children = try store.list(directory, after: 0, limit: 2)
        guard children.map(\.node.id) == [record.node] else { return }
        _ = try apply([FarChange(namespace: own.namespace, names: own.names, content: .nothing)], asked)
    }
}
