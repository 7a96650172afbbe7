internal import Persist

/// Servers whose objects lie in directories.
extension S3Adapter {
    /// Puts where nothing is, and where the server says all the same that something were.
    ///
    /// SeaweedFS holds the directory of objects `x/...` against a put of `x` on the condition that nothing is there; the
    /// empty one too that is left when they are deleted. An object `x` is not found meanwhile, and a put without a condition
    /// makes it, beside those objects.
    ///
    /// So in that case alone there is no condition: the server shows a directory, and twice no object. Who puts
    /// between our last look and our put is overwritten.
    ///
    /// - Parameters:
    ///   - request: with the condition, which has failed.
    ///   - send: what puts.
    /// - Throws: `RevisionConflict` where there is an object, or no directory.
    func putOverDirectory(
        _ request: S3Request, at key: StoreKey, by send: (S3Request) async throws -> S3Service.Outcome
    ) async throws -> HTTPResponse {
        for _ in 0..<2 {
            guard try await get(key, range: 0..<1) == nil, try await isDirectory(key) else { throw RevisionConflict() }
            switch try await send(request) {
            case .done(let response): return response
            case .refused(let refusal) where refusal.isPrecondition: continue
            case .refused(let refusal): throw error(refusal, key)
            }
        }
        guard try await get(key, range: 0..<1) == nil else { throw RevisionConflict() }
        var request = request
        request.headers.removeAll { S3Request.conditions.contains($0.0) }
        switch try await send(request) {
        case .done(let response): return response
        case .refused(let refusal): throw error(refusal, key)
        }
    }

    /// Whether the server shows a directory of that name. On others that is an object which ends with `/`.
    private func isDirectory(_ key: StoreKey) async throws(StoreError) -> Bool {
        let request = S3Request("HEAD", try keys.object(of: key) + [UInt8(ascii: "/")])
        switch try await service.send(request, about: key) {
        case .done: return true
        case .refused(let refusal) where refusal.status == 404: return false
        case .refused(let refusal): throw error(refusal, key)
        }
    }
}
