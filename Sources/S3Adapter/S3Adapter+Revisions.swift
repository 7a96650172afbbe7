public import Persist

/// Revisions are ETags.
extension S3Adapter: ConditionalPutting {
    public func getRevised(_ key: StoreKey) async throws -> RevisedValue? {
        guard let response = try await fetch(key) else { return nil }
        return RevisedValue(response.body, try revision(of: response, key))
    }

    public func put(_ key: StoreKey, _ value: [UInt8], replacing revision: Revision?) async throws -> Revision {
        try self.revision(of: try await put(try await putting(key, value), replacing: revision, about: key), key)
    }

    func put(
        _ request: S3Request, replacing revision: Revision?, about key: StoreKey
    ) async throws -> HTTPResponse {
        // Some servers take the condition, and do not look at it.
        guard try await conditions.areKept() else { throw StoreError(.unsupported, key: key) }
        var request = request
        request.headers.append(revision.map { ("if-match", $0.etag) } ?? ("if-none-match", "*"))
        switch try await content.put(request, about: key) {
        case .done(let response): return response
        case .refused(let refusal) where refusal.isPrecondition && revision == nil:
            return try await putOverDirectory(request, at: key) { try await content.put($0, about: key) }
        case .refused(let refusal) where refusal.isPrecondition || revision != nil && refusal.isMissingKey:
            throw RevisionConflict()
        case .refused(let refusal): throw error(refusal, key)
        }
    }

    func revision(of response: HTTPResponse, _ key: StoreKey) throws(StoreError) -> Revision {
        guard let etag = response.headers["etag"], !etag.isEmpty else {
            throw StoreError(.io, key: key, hint: "S3 answered without an ETag (JuiceFS's gateway needs --keep-etag)")
        }
        return Revision(etag: etag)
    }
}

extension S3Adapter: EventSegments {}

extension S3Adapter: RevisedDeleting {
    public func delete(_ key: StoreKey, having revision: Revision) async throws -> Bool {
        try await delete(key, of: revision)
    }
}

extension S3Adapter: KeyListing {
    public func listKeys(_ prefix: StoreKey) async throws -> any AsyncSequence<KeyEntry, any Error> & Sendable {
        ObjectListing(service, keys, prefix: prefix, showsDirectories: true)
    }
}

extension S3Adapter: RangedReading {
    public func get(_ key: StoreKey, range: Range<UInt64>) async throws -> RevisedValue? {
        var request = S3Request("GET", try keys.object(of: key))
        request.headers = [("range", "bytes=\(range.lowerBound)-\(range.upperBound - 1)")]
        request.answerBytesMax = options.valueBytesMax
        switch try await service.send(request, about: key) {
        case .done(let response):
            let revision = try revision(of: response, key)
            // All of it, from a server that does not know ranges.
            guard response.status == 206 else {
                let part = range.clamped(to: 0..<UInt64(response.body.count))
                return RevisedValue(Array(response.body[Int(part.lowerBound)..<Int(part.upperBound)]), revision)
            }
            return RevisedValue(response.body, revision)
        // It begins behind the end.
        case .refused(let refusal) where refusal.status == 416: return RevisedValue([], Revision([]))
        case .refused(let refusal) where refusal.isMissingKey: return nil
        case .refused(let refusal): throw error(refusal, key)
        }
    }
}
