internal import Persist

/// Entries whose keys are escaped for the child, held back until their place has come.
///
/// `%FF` stands before `a` in the order of texts, the byte FF behind it in that of keys. So a child that sorts by the
/// text gives such keys too early, never too late, but for those that hold NUL, or `%` beside bytes that are not
/// UTF-8: no mount makes the one, and hardly anybody the other.
struct HeldEntries {
    /// The last in order first.
    private var entries: [StoreEntry] = []
    /// Of keys and values.
    private(set) var bytes = 0

    static func isHeld(_ key: StoreKey) -> Bool { KeyText.text(of: key.bytes) != key.bytes }

    mutating func insert(_ entry: StoreEntry) {
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low + high) / 2
            if entry.key < entries[middle].key { low = middle + 1 } else { high = middle }
        }
        entries.insert(entry, at: low)
        bytes += Self.bytes(of: entry)
    }

    mutating func take(before key: StoreKey) -> StoreEntry? {
        guard let first = entries.last, first.key < key else { return nil }
        return takeFirst()
    }

    mutating func takeFirst() -> StoreEntry? {
        guard let first = entries.popLast() else { return nil }
        bytes -= Self.bytes(of: first)
        return first
    }

    private static func bytes(of entry: StoreEntry) -> Int { entry.key.bytes.count + entry.value.count + 64 }
}
