public import Persist
internal import Synchronization

/// Since when a child has been started again and again without an answer, and how the last one ended.
public struct Trouble: Sendable, Equatable {
    public let since: Timestamp
    public let words: String
}

/// The same, for whoever asks while requests still wait for the next child.
final class TroubleNote: Sendable {
    private let state = Mutex<Trouble?>(nil)

    var current: Trouble? { state.withLock { $0 } }

    func set(_ words: String?) {
        state.withLock { state in
            guard state?.words != words else { return }
            state = words.map { Trouble(since: state?.since ?? .now(), words: $0) }
        }
    }
}
