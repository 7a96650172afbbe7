internal import Persist

/// The entries of a listing, as the child gives them.
struct ListEntries: AsyncSequence, Sendable {
    let adapter: ProcessAdapter
    let prefix: StoreKey

    func makeAsyncIterator() -> Iterator { Iterator(adapter: adapter, prefix: prefix) }

    struct Iterator: AsyncIteratorProtocol {
        let adapter: ProcessAdapter
        let prefix: StoreKey
        private var listing: Listing?
        private var isOver = false
        private var held = HeldEntries()
        /// Comes after what is held that precedes it.
        private var coming: StoreEntry?

        init(adapter: ProcessAdapter, prefix: StoreKey) {
            self.adapter = adapter
            self.prefix = prefix
        }

        mutating func next() async throws -> StoreEntry? {
            do {
                while !isOver {
                    if let entry = coming {
                        if let earlier = held.take(before: entry.key) { return earlier }
                        coming = nil
                        return entry
                    }
                    guard let entry = try await receive() else { break }
                    guard HeldEntries.isHeld(entry.key) else {
                        coming = entry
                        continue
                    }
                    held.insert(entry)
                    if held.bytes > adapter.options.listBufferBytesMax { return held.takeFirst() }
                }
                over()
                return held.takeFirst()
            } catch {
                over()
                held = HeldEntries()
                throw error
            }
        }

        private mutating func receive() async throws -> StoreEntry? {
            let listing = try listing ?? Listing(adapter.beginList(prefix))
            self.listing = listing
            while let item = try await listing.buffer.next() {
                // The child was asked for what the texts of all these keys begin with.
                guard item.key.hasPrefix(prefix) else { continue }
                return StoreEntry(key: item.key, value: try item.value.bytes(for: item.key))
            }
            return nil
        }

        private mutating func over() {
            isOver = true
            listing = nil
        }
    }

    /// Ends with the last copy of its iterator.
    private final class Listing: Sendable {
        let buffer: ListBuffer
        private let drop: @Sendable () -> Void

        init(_ begun: (buffer: ListBuffer, drop: @Sendable () -> Void)) {
            buffer = begun.buffer
            drop = begun.drop
        }

        deinit { drop() }
    }
}
