public import Persist

/// Attributes are user metadata (`UserMetadata`): a created file is one PUT, and setting them alone is a copy of the object
/// onto itself on the server.
extension S3Adapter: AttributedPutting {
    /// Asked for at once.
    private static let askedMax = 32
    /// Of one part of a copy; S3 takes up to 5 GiB.
    private static let copiedBytesMax: UInt64 = 1 << 30
    /// Of side data in the index.
    private static let indexedBytesMax = 2_048

    public func canCarry(_ attributes: ValueAttributes) -> Bool { UserMetadata.fits(attributes) }

    public func getAttributed(_ key: StoreKey) async throws -> AttributedValue? {
        guard let response = try await fetch(key) else { return nil }
        return AttributedValue(
            response.body, try revision(of: response, key), UserMetadata.attributes(of: response.headers))
    }

    public func put(
        _ key: StoreKey, _ value: [UInt8], _ attributes: ValueAttributes, on condition: PutCondition
    ) async throws -> DatedRevision {
        var request = try await putting(key, value)
        request.headers += UserMetadata.headers(of: attributes)
        switch condition {
        case .none:
            switch try await content.put(request, about: key) {
            case .done(let response): return try dated(response, key, value, attributes)
            case .refused(let refusal): throw error(refusal, key)
            }
        case .replacing(let revision):
            let response = try await put(request, replacing: revision, about: key)
            // The same content again: it is about the attributes.
            if let revision, try self.revision(of: response, key) == revision { return unconfirmed(revision, key) }
            return try dated(response, key, value, attributes)
        }
    }

    public func setAttributes(
        _ attributes: ValueAttributes, of key: StoreKey, on condition: PutCondition
    ) async throws -> DatedRevision {
        var request = try await putting(key, [])
        request.headers += [
            ("x-amz-copy-source", copySource(request.key ?? [])), ("x-amz-metadata-directive", "REPLACE"),
        ]
        if case .replacing(let revision) = condition {
            // "Where nothing is" is no condition for attributes of what is there.
            guard let revision else { throw RevisionConflict() }
            request.isLong = revision.isOfParts
            // Another feature than conditions of puts: servers without those have it.
            request.headers.append(("x-amz-copy-source-if-match", revision.etag))
        }
        request.headers += UserMetadata.headers(of: attributes)
        switch try await service.send(request, about: key) {
        case .done(let response):
            return unconfirmed(try Self.revision(ofCopy: response, key), key)
        case .refused(let refusal) where refusal.isPrecondition || refusal.isMissingKey: throw RevisionConflict()
        case .refused(let refusal) where refusal.isTooLargeToCopy:
            return unconfirmed(try await copyInParts(key, attributes, on: condition), key)
        case .refused(let refusal): throw error(refusal, key)
        }
    }

    /// Over 5 GiB an object is copied in parts.
    private func copyInParts(
        _ key: StoreKey, _ attributes: ValueAttributes, on condition: PutCondition
    ) async throws -> Revision {
        guard case .done(let response) = try await service.send(S3Request("HEAD", keys.object(of: key)), about: key),
            let size = response.headers["content-length"].flatMap({ UInt64($0) })
        else { throw RevisionConflict() }
        let there = try revision(of: response, key)
        if case .replacing(let wanted) = condition, wanted != there { throw RevisionConflict() }
        let upload = try await beginParts(of: key, attributes)
        do {
            let starts = Array(stride(from: 0, to: size, by: Int(Self.copiedBytesMax)).enumerated())
            let parts = try await starts.concurrentMap(most: 4) { [self] index, start in
                let range = start..<min(start + Self.copiedBytesMax, size)
                return try await copyPart(index + 1, from: key, having: there, range, of: upload)
            }
            return try await complete(upload, of: parts, on: condition == .none ? .none : .replacing(there)).revision
        } catch {
            // What was wrong first is what counts. In a task of its own: this one may have been cancelled.
            await Task.detached { [self] in try? await abandon(upload) }.value
            throw error
        }
    }

    private func dated(
        _ response: HTTPResponse, _ key: StoreKey, _ value: [UInt8], _ attributes: ValueAttributes
    ) throws(StoreError) -> DatedRevision {
        let revision = try revision(of: response, key)
        noted(key, response, attributes, body: isSideData(key) ? value : nil)
        return DatedRevision(revision, Self.time(of: response))
    }

    /// Of attributes alone: the ETag is what it was, and no condition has seen what others have set in the same second. The
    /// next look asks what is there.
    private func unconfirmed(_ revision: Revision, _ key: StoreKey) -> DatedRevision {
        if let name = try? keys.object(of: key) { index.forget(Array(keys.text(of: name))) }
        return DatedRevision(revision, nil)
    }

    /// An answer to a put has the time in seconds, and comes when the object has its own.
    static func time(of response: HTTPResponse) -> Timestamp? {
        response.headers["date"].flatMap(HTTPDate.seconds).map {
            Timestamp(seconds: $0, nanoseconds: 999_999_999)
        }
    }

    /// A copy that fails on the way has status 200 all the same, and says so in its body.
    private static func revision(ofCopy response: HTTPResponse, _ key: StoreKey) throws(StoreError) -> Revision {
        let result = try XMLReader.read(response.body)
        guard result.name == "CopyObjectResult", let etag = result["ETag"]?.string, !etag.isEmpty else {
            let words = result["Message"]?.string ?? "<\(result.name)>"
            throw StoreError(.timedOut, key: key, hint: "S3 has not copied it: \(words)")
        }
        return Revision(etag: etag)
    }

    /// By the index, and the rest one by one.
    public func attributes(of entries: [KeyEntry]) async throws -> [ValueAttributes?] {
        let known = await index.entries(of: try named(entries))
        return try await completed(known.map { $0?.attributes }, entries) { [self] entry in
            try await attributes(of: entry.key)
        }
    }

    public func values(of entries: [KeyEntry]) async throws -> [[UInt8]?] {
        let known = await index.entries(of: try named(entries))
        return try await completed(known.map { $0?.body }, entries) { [self] entry in
            do {
                return entry.isMarker ? try await markedDirectory(entry.key) : try await get(entry.key)
            } catch let error as StoreError where !error.isTransient { return nil }
        }
    }

    /// What is not known is asked for.
    private func completed<Value: Sendable>(
        _ known: [Value?], _ entries: [KeyEntry], _ ask: @escaping @Sendable (KeyEntry) async throws -> Value?
    ) async throws -> [Value?] {
        var values = known
        let missing = known.indices.filter { known[$0] == nil }
        let answers = try await missing.map { entries[$0] }.concurrentMap(most: Self.askedMax, ask)
        for (place, answer) in zip(missing, answers) { values[place] = answer }
        return values
    }

    private func named(_ entries: [KeyEntry]) throws(StoreError) -> [(name: [UInt8], entry: KeyEntry)] {
        var named: [(name: [UInt8], entry: KeyEntry)] = []
        for entry in entries { named.append((Array(keys.text(of: try keys.object(of: entry.key))), entry)) }
        return named
    }

    /// What is there goes into the index. - Parameter body: of side data, where it is not long.
    func noted(
        _ key: StoreKey, _ response: HTTPResponse, at time: Int64? = nil, _ attributes: ValueAttributes,
        body: [UInt8]? = nil
    ) {
        guard let seconds = time ?? response.headers["date"].flatMap(HTTPDate.seconds),
            let name = try? keys.object(of: key), let etag = try? revision(of: response, key),
            body.map({ $0.count <= Self.indexedBytesMax }) ?? true
        else { return }
        index.note(
            IndexEntry(
                name: Array(keys.text(of: name)), etag: etag.bytes, time: seconds, attributes: attributes, body: body))
    }

    private func attributes(of key: StoreKey) async throws(StoreError) -> ValueAttributes? {
        switch try await service.send(S3Request("HEAD", try keys.object(of: key)), about: key) {
        case .done(let response):
            let attributes = UserMetadata.attributes(of: response.headers)
            // Old enough that no other change has the same time: others need not ask.
            if let put = response.headers["last-modified"].flatMap(HTTPDate.seconds),
                let now = response.headers["date"].flatMap(HTTPDate.seconds), put + 2 <= now
            {
                noted(key, response, at: put, attributes)
            }
            return attributes
        // Without a body it says no more. The next look asks again.
        case .refused(let refusal) where refusal.status == 404: return nil
        // One that this key may not read, or that is encrypted with somebody's own, keeps no other from being shown; and
        // what is known of it stays.
        case .refused(let refusal) where !refusal.isPassing: return nil
        case .refused(let refusal): throw error(refusal, key)
        }
    }
}
