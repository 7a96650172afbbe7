public import Persist

/// Multipart uploads.
extension S3Adapter: PartedPutting {
    // S3's own bounds (Amazon S3 multipart upload limits).
    private static let partsMost: UInt64 = 10_000
    private static let objectBytesMax: UInt64 = 5 << 40

    public var partedBytesMin: UInt64 { options.partedBytesMin }
    public var partedBytesMax: UInt64 { Self.objectBytesMax }

    public func partBytes(of size: UInt64) -> UInt64 {
        let unit: UInt64 = 1 << 20
        let least = (size + Self.partsMost - 1) / Self.partsMost
        return max(options.partBytes, (least + unit - 1) / unit * unit)
    }

    public func beginParts(of key: StoreKey, _ attributes: ValueAttributes) async throws -> PartedUpload {
        var request = try await putting(key, [])
        request.method = "POST"
        request.query = [("uploads", "")]
        // Two would be begun, and one of them never ended.
        request.isOnce = true
        request.headers += UserMetadata.headers(of: attributes)
        switch try await service.send(request, about: key) {
        case .done(let response):
            let result = try XMLReader.read(response.body)
            guard let id = result["UploadId"]?.string, !id.isEmpty else {
                throw StoreError(.io, key: key, hint: "S3 began an upload and gave it no name: <\(result.name)>")
            }
            // Nine requests, one after the other, which its completion would wait for.
            Task.detached { [conditions] in try? await conditions.areKeptOfParts() }
            return PartedUpload(key, token: Array(id.utf8))
        case .refused(let refusal): throw error(refusal, key)
        }
    }

    public func putPart(_ number: Int, _ bytes: [UInt8], of upload: PartedUpload) async throws -> PartReceipt {
        var request = S3Request("PUT", try keys.object(of: upload.key))
        request.query = [("partNumber", "\(number)"), upload.query]
        request.body = bytes
        let sum = Hashing.sha256(bytes)
        request.bodySum = sum
        switch try await content.putPart(request, about: upload.key) {
        case .done(let response):
            return PartReceipt(mark: try revision(of: response, upload.key).bytes, sum: sum)
        case .refused(let refusal) where refusal.isMissingUpload: throw UploadGone()
        case .refused(let refusal): throw error(refusal, upload.key)
        }
    }

    public func complete(
        _ upload: PartedUpload, of parts: [PartReceipt], on condition: PutCondition
    ) async throws -> DatedRevision {
        let key = upload.key
        var request = S3Request("POST", try keys.object(of: key))
        request.query = [upload.query]
        request.body = Self.list(of: parts)
        request.isLong = true
        if case .replacing(let revision) = condition {
            guard try await conditions.areKeptOfParts() else { throw StoreError(.unsupported, key: key) }
            request.headers.append(revision.map { ("if-match", $0.etag) } ?? ("if-none-match", "*"))
        }
        switch try await service.send(request, about: key) {
        case .done(let response): return try completed(response, key)
        case .refused(let refusal) where refusal.isMissingUpload || refusal.isOfOtherParts: throw UploadGone()
        case .refused(let refusal) where refusal.isPrecondition && condition == .replacing(nil):
            return try completed(
                try await putOverDirectory(request, at: key) { [service] request in
                    try await service.send(request, about: key)
                }, key)
        case .refused(let refusal) where condition != .none && (refusal.isPrecondition || refusal.isMissingKey):
            throw RevisionConflict()
        case .refused(let refusal): throw error(refusal, key)
        }
    }

    public func abandon(_ upload: PartedUpload) async throws {
        try await openUploads(under: upload.key).abandon(String(decoding: upload.token, as: UTF8.self))
    }

    public func openUploads(of key: StoreKey) async throws -> [(upload: PartedUpload, begun: Timestamp)] {
        try await openUploads(under: key).list().map { (PartedUpload(key, token: Array($0.id.utf8)), $0.begun) }
    }

    private func openUploads(under key: StoreKey) throws(StoreError) -> OpenUploads {
        OpenUploads(service: service, name: try keys.object(of: key), key: key)
    }

    // MARK: Inside

    static func list(of parts: [PartReceipt]) -> [UInt8] {
        let list = parts.enumerated().map { index, part in
            "<Part><PartNumber>\(index + 1)</PartNumber><ETag>\(Revision(part.mark).etag)</ETag></Part>"
        }
        return Array("<CompleteMultipartUpload>\(list.joined())</CompleteMultipartUpload>".utf8)
    }

    /// What fails on the way has status 200 all the same, and says so in its body.
    private func completed(_ response: HTTPResponse, _ key: StoreKey) throws -> DatedRevision {
        let result = try XMLReader.read(response.body)
        guard result.name == "CompleteMultipartUploadResult", let etag = result["ETag"]?.string, !etag.isEmpty else {
            let refusal = S3Refusal(response)
            if refusal.isMissingUpload || refusal.isOfOtherParts { throw UploadGone() }
            let words = refusal.message.isEmpty ? "<\(result.name)>" : refusal.message
            throw StoreError(.timedOut, key: key, hint: "S3 has not put the parts together: \(words)")
        }
        return DatedRevision(Revision(etag: etag), Self.time(of: response))
    }
}

/// Parts of objects that are there already (UploadPartCopy).
extension S3Adapter: PartCopying {
    public func copyPart(
        _ number: Int, from source: StoreKey, having revision: Revision, _ range: Range<UInt64>,
        of upload: PartedUpload
    ) async throws -> PartReceipt {
        var request = S3Request("PUT", try keys.object(of: upload.key))
        request.query = [("partNumber", "\(number)"), upload.query]
        request.headers = [
            ("x-amz-copy-source", copySource(try keys.object(of: source))),
            ("x-amz-copy-source-range", "bytes=\(range.lowerBound)-\(range.upperBound - 1)"),
            ("x-amz-copy-source-if-match", revision.etag),
        ]
        request.isLong = true
        switch try await service.send(request, about: upload.key) {
        case .done(let response):
            let result = try XMLReader.read(response.body)
            guard result.name == "CopyPartResult", let etag = result["ETag"]?.string, !etag.isEmpty else {
                throw StoreError(.timedOut, key: upload.key, hint: "S3 has not copied it: <\(result.name)>")
            }
            return PartReceipt(mark: Revision(etag: etag).bytes, sum: [])
        case .refused(let refusal) where refusal.isMissingUpload: throw UploadGone()
        case .refused(let refusal) where refusal.isPrecondition || refusal.isMissingKey: throw RevisionConflict()
        case .refused(let refusal): throw error(refusal, upload.key)
        }
    }

    func copySource(_ name: [UInt8]) -> String {
        URLText.encode(Array("/\(service.endpoint.bucket)/".utf8) + name, keepsSlashes: true)
    }
}

extension PartedUpload {
    var query: (name: String, value: String) { ("uploadId", String(decoding: token, as: UTF8.self)) }
}
