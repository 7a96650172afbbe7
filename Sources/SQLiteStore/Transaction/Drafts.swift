internal import Persist
import Synchronization

/// What this mount knows of one of its drafts.
struct DraftState {
    /// What lies under it.
    enum Base: Equatable {
        case none
        /// A document, or content up to 1 KiB: nobody changes these.
        case bytes([UInt8])
        /// All that the draft shows, up to 1 KiB: it has no chunks, and needs no base any more.
        case own([UInt8])
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

    /// What it shows with `content`, where its row in `work` has room for that.
    func small(with content: DraftContent) throws(StoreError) -> [UInt8]? {
        guard content.size <= UInt64(Transaction.smallMax), content.holes.isEmpty, content.shared.isEmpty,
            content.chunks.allSatisfy({ $0.index == 0 }), content.patches.allSatisfy({ $0.index == 0 })
        else { return nil }
        var shown: ArraySlice<UInt8>
        switch base {
        case .body: return nil
        case .none:
            guard body == nil else { return nil }
            shown = []
        case .bytes(let bytes): shown = bytes.prefix(Int(clamping: min(baseLimit, content.baseLimit)))
        case .own(let bytes): shown = bytes.prefix(Int(clamping: ownLimit(with: content)))
        }
        if let chunk = content.chunks.last { shown = chunk.bytes[...] }
        var bytes = shown.resized(to: Int(content.size))
        for patch in content.patches {
            guard patch.bytes.end <= bytes.count else { throw StoreError(.invalid) }
            patch.bytes.overlay(&bytes)
        }
        return bytes
    }

    /// What lay beyond an end that the file has had since is gone: growing again shows zeros there.
    func ownLimit(with content: DraftContent) -> UInt64 {
        content.baseLimit < baseLimit ? min(content.size, content.baseLimit) : content.size
    }
}

extension ArraySlice<UInt8> {
    /// Cut, or with zeros behind it.
    fileprivate func resized(to count: Int) -> [UInt8] {
        Array(prefix(count)) + [UInt8](repeating: 0, count: Swift.max(0, count - self.count))
    }
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
