internal import Persist

/// Puts the keys of a listing in the order of their bytes, which is not quite that of the objects: `a.json`, whose key is
/// `a`, comes after `a-b.json` there; and names of objects that stand for keys which are not UTF-8 come too early.
///
/// Pure. What waits is what lies between a name and that name with `.json`, which is little.
struct KeyOrder {
    private var waiting: [KeyEntry] = []
    /// nil: all that comes after this is greater than what is here.
    private var bound: [UInt8]?

    mutating func add(_ entry: KeyEntry) { waiting.append(entry) }

    /// The listing has come to this name, without the prefix of the store.
    mutating func passed(_ name: ArraySlice<UInt8>) {
        bound = Array(name)
        // A beginning of the name whose object is greater than the name is still to come, and is a smaller key.
        for count in 0..<name.count {
            let start = name.prefix(count)
            let suffix = ObjectKeys.suffix(of: start)
            guard !suffix.isEmpty, name.lexicographicallyPrecedes(start + suffix) else { continue }
            return bound = Array(start)
        }
    }

    /// Those that nothing can come before any more, in order.
    mutating func take() -> [KeyEntry] {
        waiting.sort { $0.key < $1.key }
        let end = waiting.firstIndex { !$0.key.bytes.lexicographicallyPrecedes(bound ?? []) } ?? waiting.count
        defer { waiting.removeFirst(end) }
        return Array(waiting[..<end])
    }

    /// The listing has come to its end. - Returns: all that is left, in order.
    mutating func end() -> [KeyEntry] {
        defer { waiting = [] }
        return waiting.sorted { $0.key < $1.key }
    }
}
