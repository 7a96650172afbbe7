internal import Persist

/// All values with a prefix: what a listing names, fetched several at a time, in its order.
struct ValueListing: AsyncSequence, Sendable {
    let adapter: S3Adapter
    let prefix: StoreKey

    /// Fetched at once.
    private static let ahead = 16

    func makeAsyncIterator() -> Iterator { Iterator(adapter: adapter, prefix: prefix) }

    struct Iterator: AsyncIteratorProtocol {
        private let adapter: S3Adapter
        private var keys: ObjectListing.Iterator
        private var fetches: ArraySlice<Task<Result<StoreEntry?, any Error>, Never>> = []
        private var isOver = false

        fileprivate init(adapter: S3Adapter, prefix: StoreKey) {
            self.adapter = adapter
            keys = ObjectListing(adapter.service, adapter.keys, prefix: prefix).makeAsyncIterator()
        }

        mutating func next() async throws -> StoreEntry? {
            while true {
                while !isOver, fetches.count < ValueListing.ahead {
                    guard let entry = try await keys.next() else {
                        isOver = true
                        break
                    }
                    fetches.append(
                        Task.detached { [adapter] in
                            do {
                                return .success(
                                    try await adapter.get(entry.key).map { StoreEntry(key: entry.key, value: $0) })
                            } catch { return .failure(error) }
                        })
                }
                guard let first = fetches.popFirst() else { return nil }
                // Deleted since the listing: not there.
                if let entry = try await first.value.get() { return entry }
            }
        }
    }
}
