internal import Persist

/// All keys with a prefix, a page at a time; the next page is on its way while one is read.
struct ObjectListing: AsyncSequence, Sendable {
    let service: S3Service
    let keys: ObjectKeys
    let prefix: StoreKey

    func makeAsyncIterator() -> Iterator { Iterator(listing: self) }

    struct Iterator: AsyncIteratorProtocol {
        private let listing: ObjectListing
        private var ready: [KeyEntry] = []
        private var order = KeyOrder()
        private var page: Page?
        /// With the server's time, in seconds.
        private typealias Page = Task<Result<(ListPage, Int64?), StoreError>, Never>

        fileprivate init(listing: ObjectListing) {
            self.listing = listing
            page = Self.ask(listing, nil)
        }

        mutating func next() async throws -> KeyEntry? {
            while ready.isEmpty {
                guard let page else { return nil }
                let (found, now) = try await page.value.get()
                self.page = found.next.map { Self.ask(listing, $0) }
                for object in found.objects {
                    guard let key = listing.keys.key(of: object.name), key.hasPrefix(listing.prefix) else { continue }
                    order.add(
                        KeyEntry(
                            key: key, size: object.size, revision: object.revision, modified: object.modified,
                            isRecent: object.isRecent(at: now)))
                }
                if let last = found.objects.last { order.passed(listing.keys.text(of: last.name)) }
                // The next one last.
                ready = (self.page == nil ? order.end() : order.take()).reversed()
            }
            return ready.popLast()
        }

        private static func ask(_ listing: ObjectListing, _ token: String?) -> Page {
            Task.detached {
                await Result { () async throws(StoreError) in
                    let request = ListPage.request(
                        listing.keys.objectPrefix(of: listing.prefix), from: token, after: nil)
                    switch try await listing.service.send(request, about: listing.prefix) {
                    case .done(let response):
                        return (
                            try ListPage(response.body), response.headers["date"].flatMap(HTTPDate.seconds)
                        )
                    case .refused(let refusal):
                        throw refusal.error(listing.prefix, bucket: listing.service.endpoint.bucket)
                    }
                }
            }
        }
    }
}

extension Result where Failure == StoreError {
    init(_ body: () async throws(StoreError) -> Success) async {
        do throws(StoreError) { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
