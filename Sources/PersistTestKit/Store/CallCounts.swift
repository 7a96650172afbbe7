internal import Persist

extension MemoryStore {
    /// The methods of `LocalStore`, to count calls and to make them fail.
    public enum Call: String, Sendable, CaseIterable {
        case lookup, node, list, path, key, reserveNodeID, preview, create, unlink, removeDirectory, rename
        case setAttributes
        case attribute, attributeNames, setAttribute, removeAttribute
        case read, nextData, publish, openDraft, writeDraft, readDraft, keepDraft, dropDraft
        case append, removeEvents, keepTail, dropTail
        case keepRejected, keptVersions, keptBytes, removeKept
        case sync, hold, release, statistics, refresh, close
    }
}

/// How often each method of a store was called: what tests assert instead of times.
public struct CallCounts: Sendable, Equatable, CustomStringConvertible {
    private var counts: [MemoryStore.Call: Int] = [:]

    public init() {}

    public subscript(call: MemoryStore.Call) -> Int {
        get { counts[call] ?? 0 }
        set { counts[call] = newValue == 0 ? nil : newValue }
    }

    public var total: Int { counts.values.reduce(0, +) }

    /// `lookup 1, publish 2`, in the order of the verbs' names.
    public var description: String {
        counts.sorted { $0.key.rawValue < $1.key.rawValue }.map { "\($0.key.rawValue) \($0.value)" }
            .joined(separator: ", ")
    }
}
