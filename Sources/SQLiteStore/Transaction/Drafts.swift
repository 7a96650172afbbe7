internal import Persist
import Synchronization

/// What this mount knows of one of its drafts.
struct DraftState {
    /// What lies under it.
    enum Base: Equatable {
        case none
        /// A document, or content up to 1 KiB: nobody changes these.
        case bytes([UInt8])
        case body(Int64)
    }

    var draft: Draft
    var base: Base
    /// Where its own chunks are, once there are any.
    var body: Int64?
    var size: UInt64
    var baseLimit: UInt64
    var mtime = Timestamp(nanoseconds: 0)
    /// Recovery publishes it.
    var isKept = false
    /// The node was made for it, and has no value of its own.
    var madeNode = false
    /// It has a row in `work`.
    var isRegistered = false
    /// Chunks of the base that holes hide, less the chunks that were written since: what publishing it gives back.
    var freedChunks = 0
}

/// The drafts of this mount. A transaction works on a copy, which comes back with its commit.
final class Drafts: Sendable {
    private struct State {
        var drafts: [Int64: DraftState] = [:]
        var last: Int64 = 0
    }
    private let state = Mutex(State())

    func newID() -> Int64 {
        state.withLock { state in
            state.last += 1
            return state.last
        }
    }

    subscript(id: Int64) -> DraftState? {
        get { state.withLock { $0.drafts[id] } }
        set { state.withLock { $0.drafts[id] = newValue } }
    }

    func hasBase(_ body: Int64) -> Bool {
        state.withLock { $0.drafts.values.contains { $0.base == .body(body) } }
    }

    func areOf(_ node: NodeID) -> Bool {
        state.withLock { $0.drafts.values.contains { $0.draft.node == node } }
    }

    var all: [DraftState] { state.withLock { Array($0.drafts.values) } }
}
