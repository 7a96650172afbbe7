internal import Persist

/// All keys with a prefix, a page at a time; the next page is on its way while one is read.
struct ObjectListing: AsyncSequence, Sendable {
    let service: S3Service
    let keys: ObjectKeys
    let prefix: StoreKey
    /// Markers of directories below the prefix are in it too, under the keys of their side data.
    var showsDirectories = false

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
                    if listing.showsDirectories, let key = listing.keys.directory(of: object.name) {
                        order.add(KeyEntry(directory: key, object, isRecent: object.isRecent(at: now)))
                        continue
                    }
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

extension KeyEntry {
    /// All markers have the same ETag, or none: another time is another revision.
    fileprivate init(directory key: StoreKey, _ marker: ListPage.Object, isRecent: Bool) {
        let time = Array((marker.modified?.decimal ?? "").utf8)
        self.init(
            key: key, size: 0, revision: Revision(Self.markerMark + time), modified: marker.modified,
            isRecent: isRecent)
    }

    /// What lies under the key is not an object of that name, but a marker.
    var isMarker: Bool { revision.bytes.starts(with: Self.markerMark) }

    /// No ETag begins so.
    private static let markerMark = Array("marker/".utf8)
}

extension Result where Failure == StoreError {
    init(_ body: () async throws(StoreError) -> Success) async {
        do throws(StoreError) { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
