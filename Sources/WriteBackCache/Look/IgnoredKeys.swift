import Persist
import Synchronization

/// Keys below `events/` that are no events in our form: what the last whole look found. They stay as they are, and are
/// not shown.
final class IgnoredKeys: Sendable {
    struct Found: Sendable, Equatable {
        var count = 0
        var first: StoreKey?
    }

    private let state = Mutex(Found())

    var found: Found { state.withLock { $0 } }

    /// - Returns: whether that is news.
    func set(_ found: Found) -> Bool {
        state.withLock { state in
            defer { state = found }
            return state.count != found.count
        }
    }
}

extension IgnoredKeys.Found {
    mutating func add(_ key: StoreKey) {
        count += 1
        if first == nil { first = key }
    }

    /// One line for a person; nil where there is nothing to say.
    var words: String? {
        first.map {
            "\(count) keys in events/ are not in the form events/STREAM/MMMMMMMMMMMMCCCC-WWWWWWWW, and not shown; one is \($0)"
        }
    }
}
