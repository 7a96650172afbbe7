public import Persist
internal import Synchronization

/// A bucket of S3, or of a server that speaks its protocol, as a far side.
///
/// Objects are plain (ADAPTER-KEYS.md): other tools read them, and what they put there appears here. One thread of its
/// own; all methods from any thread, none blocks it. Errors are `StoreError`: `.timedOut` where S3 does not answer or is
/// busy, `.accessDenied`, `.tooLarge`, `.quotaExceeded`, `.nameTooLong`, `.unsupported`, `.io` with S3's words;
/// `.isDirectory` and `.notDirectory` where names of objects are paths to the server.
public final class S3Adapter: PersistAdapter {
    let service: S3Service
    let keys: ObjectKeys
    public let options: S3Options
    let conditions: ConditionProbe
    private let names: NameProbe
    let index: SideIndex
    private let deletes: DeleteBatch
    let content: ContentCheck

    /// - Parameter log: gets a line for what a person should know; any thread, must not block.
    /// - Throws: `.invalid` for an endpoint that is none; `.io` where libcurl or libcrypto cannot be used.
    public init(_ options: S3Options, log: @escaping @Sendable (String) -> Void) throws(StoreError) {
        if let problem = Hashing.problem { throw StoreError(.io, hint: "libcrypto cannot be used: \(problem)") }
        var transport = CurlTransport.Options()
        transport.connectionsMax = options.connectionsMax
        transport.stallSeconds = options.stallSeconds
        transport.authorities = options.authorities
        let source = CredentialSource(options)
        self.options = options
        keys = ObjectKeys(prefix: options.prefix)
        let service = S3Service(
            try options.resolvedEndpoint(), region: options.region, transport: try CurlTransport(transport),
            credentials: { () async throws(StoreError) in try await source.credentials() }, log: log)
        self.service = service
        conditions = ConditionProbe(service, key: keys.probe)
        names = NameProbe(service, below: keys.names)
        index = SideIndex(service, keys)
        deletes = DeleteBatch(service)
        content = ContentCheck(service)
    }

    /// How often the bucket was asked, by what S3 charges for.
    public var requests: S3Requests { service.requests }

    /// Whether the bucket looks at the conditions of a put; nil: none has been made yet.
    public var keepsConditions: Bool? { conditions.answer }

    /// Ends what is under way.
    public func close() async {
        await index.close()
        await service.close()
    }

    public func get(_ key: StoreKey) async throws -> [UInt8]? {
        if let found = try await fetch(key) { return found.body }
        return try await isMarkedDirectory(key) ? try await markedDirectory(key) : nil
    }

    public func put(_ key: StoreKey, _ value: [UInt8]) async throws {
        switch try await content.put(try await putting(key, value), about: key) {
        // Of what has no value of its own there may be as much as there are directories.
        case .done(let response): if isSideData(key) { noted(key, response, ValueAttributes(), body: value) }
        case .refused(let refusal): throw error(refusal, key)
        }
    }

    public func delete(_ key: StoreKey) async throws {
        _ = try await delete(key, of: nil)
        try await deleteMarker(key)
    }

    func delete(_ key: StoreKey, of revision: Revision?) async throws(StoreError) -> Bool {
        // No object can have that name: it is not there.
        guard let name = try? keys.object(of: key) else { return false }
        index.noteDeleted(Array(keys.text(of: name)))
        do throws(StoreError) { return try await deletes.delete(name, having: revision) } catch {
            throw error.about(key)
        }
    }

    /// The values are fetched while the listing is read, several at a time.
    public func list(_ prefix: StoreKey) async throws -> any AsyncSequence<StoreEntry, any Error> & Sendable {
        ValueListing(adapter: self, prefix: prefix)
    }

    /// Makes the bucket where it is not there; for tests and for servers of one's own.
    public func makeBucket() async throws {
        switch try await service.send(S3Request("PUT", nil), about: nil) {
        case .done: return
        case .refused(let refusal) where ["BucketAlreadyOwnedByYou", "BucketAlreadyExists"].contains(refusal.code):
            return
        case .refused(let refusal): throw error(refusal, nil)
        }
    }

    // MARK: Inside

    func isSideData(_ key: StoreKey) -> Bool { key.hasPrefix(".persist/meta/") }

    /// - Throws: `.invalid` for a name that this server would make another one's.
    func putting(_ key: StoreKey, _ value: [UInt8]) async throws(StoreError) -> S3Request {
        var request = S3Request("PUT", try keys.object(of: key))
        do throws(StoreError) { try await names.require(request.key ?? []) } catch { throw error.about(key) }
        let isJSON = key.hasPrefix("records/") || isSideData(key)
        request.headers = [("content-type", isJSON ? "application/json" : "application/octet-stream")]
        request.body = value
        return request
    }

    /// nil: there is no such object.
    func fetch(_ key: StoreKey) async throws -> HTTPResponse? {
        guard let name = try? keys.object(of: key) else { return nil }
        var request = S3Request("GET", name)
        request.answerBytesMax = options.valueBytesMax
        switch try await content.get(request, about: key) {
        case .done(let response): return response
        case .refused(let refusal) where refusal.isMissingKey: return nil
        case .refused(let refusal): throw error(refusal, key)
        }
    }

    func error(_ refusal: S3Refusal, _ key: StoreKey?) -> StoreError {
        refusal.error(key, bucket: service.endpoint.bucket)
    }
}
