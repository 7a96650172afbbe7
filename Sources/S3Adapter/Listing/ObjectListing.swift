internal import Persist

/// All keys with a prefix, a page at a time; the first page is on its way at once, and the next while one is read.
struct ObjectListing: AsyncSequence, Sendable {
    private let service: S3Service
    private let keys: ObjectKeys
    private let prefix: StoreKey
    private let showsDirectories: Bool
    private let first: Page

    /// With the server's time, in seconds.
    private typealias Page = Task<Result<(ListPage, Int64?), StoreError>, Never>

    /// - Parameter showsDirectories: markers of directories below the prefix are in it too, under the keys of their side data.
    init(_ service: S3Service, _ keys: ObjectKeys, prefix: StoreKey, showsDirectories: Bool = false) {
        self.service = service
        self.keys = keys
        self.prefix = prefix
        self.showsDirectories = showsDirectories
        first = Self.ask(service, keys, prefix, from: nil)
    }

    func makeAsyncIterator() -> Iterator { Iterator(listing: self) }

    struct Iterator: AsyncIteratorProtocol {
        private let listing: ObjectListing
        private var ready: [KeyEntry] = []
        private var order = KeyOrder()
        private var page: Page?

        fileprivate init(listing: ObjectListing) {
            self.listing = listing
            page = listing.first
        }

        mutating func next() async throws -> KeyEntry? {
            while ready.isEmpty {
                guard let page else { return nil }
                let (found, now) = try await page.value.get()
                self.page = found.next.map { ask(listing.service, listing.keys, listing.prefix, from: $0) }
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
    }

    private static func ask(_ service: S3Service, _ keys: ObjectKeys, _ prefix: StoreKey, from token: String?) -> Page {
        Task.detached {
            await Result { () async throws(StoreError) in
                let request = ListPage.request(keys.objectPrefix(of: prefix), from: token, after: nil)
                switch try await service.send(request, about: prefix) {
                case .done(let response):
                    return (try ListPage(response.body), response.headers["date"].flatMap(HTTPDate.seconds))
                case .refused(let refusal):
                    throw refusal.error(prefix, bucket: service.endpoint.bucket)
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
