public import Persist
internal import Synchronization

extension MemoryStore {
    /// The next call of this method throws this, and changes nothing. Several add up, first in, first out.
    ///
    /// `hold`, `release` and `close` cannot throw and never fail.
    public func failNext(_ kind: StoreError.Kind, in call: Call) {
        state.withLock { $0.failures[call, default: []].append(kind) }
    }

    /// Calls since the store was made, or since `resetCounts`; failed ones count.
    public var counts: CallCounts { state.withLock { $0.counts } }

    /// What `statistics` says of the disk. 1 TiB.
    public func setBytesFree(_ bytes: UInt64) { state.withLock { $0.bytesFree = bytes } }

    public func resetCounts() {
        state.withLock { $0.counts = CallCounts() }
    }
}
