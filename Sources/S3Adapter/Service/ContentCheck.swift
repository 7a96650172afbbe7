internal import Persist
internal import Synchronization

/// Puts and gets whole objects, and sees to it that what arrives is what was sent.
///
/// A put states the SHA-256 (it is signed) and the MD5 sum of its body, which S3 compares; the ETag that comes back, and
/// what comes with a get, is compared here. ETags are MD5 sums on most servers and for most objects only: one that
/// differs is not held against an object that is right.
final class ContentCheck: Sendable {
    /// What is known of the ETags that a bucket answers puts, or gets, with.
    private struct ETags {
        /// One was an MD5 sum.
        var haveMatched = false
        /// One was none, of an object that was right.
        var haveDiffered = false
        var sayNothing: Bool { haveDiffered && !haveMatched }
    }

    private struct State {
        var ofPuts = ETags()
        var ofParts = ETags()
        var ofGets = ETags()
    }

    private let service: S3Service
    private let state = Mutex(State())

    private static let attemptsMax = 3

    init(_ service: S3Service) { self.service = service }

    /// - Throws: `.io` where S3 has got another content each time.
    func put(_ request: S3Request, about key: StoreKey) async throws(StoreError) -> S3Service.Outcome {
        let md5 = Hashing.md5(request.body)
        var request = request
        if let md5 { request.headers.append(("content-md5", Hashing.base64(md5))) }
        for _ in 0..<Self.attemptsMax {
            let response: HTTPResponse
            switch try await service.send(request, about: key) {
            case .done(let done): response = done
            // It has seen that itself, and has put nothing.
            case .refused(let refusal) where refusal.isDamage: continue
            case .refused(let refusal): return .refused(refusal)
            }
            switch ContentSums.verdict(of: response, on: request.body, md5: md5) {
            case .sameETag:
                state.withLock { $0.ofPuts.haveMatched = true }
                return .done(response)
            case .same, .unknown: return .done(response)
            case .differentETag where state.withLock({ $0.ofPuts.sayNothing }): return .done(response)
            case .different, .differentETag: break
            }
            switch try await isThere(request, response, about: key) {
            case true?:
                state.withLock { $0.ofPuts.haveDiffered = true }
                return .done(response)
            case nil: return .done(response)
            case false?: break
            }
            // What is to be replaced now is that, and nobody else's.
            if request.isConditional, let etag = response.headers["etag"] {
                request.headers.removeAll { S3Request.conditions.contains($0.0) }
                request.headers.append(("if-match", etag))
            }
        }
        throw Self.damagedPut(key)
    }

    /// As `put`, of a part of an upload, which cannot be fetched.
    ///
    /// - Throws: `.io` where S3 has got another content each time.
    func putPart(_ request: S3Request, about key: StoreKey) async throws(StoreError) -> S3Service.Outcome {
        let md5 = Hashing.md5(request.body)
        var request = request
        if let md5 { request.headers.append(("content-md5", Hashing.base64(md5))) }
        var last: String?
        for _ in 0..<Self.attemptsMax {
            let response: HTTPResponse
            switch try await service.send(request, about: key) {
            case .done(let done): response = done
            case .refused(let refusal) where refusal.isDamage: continue
            case .refused(let refusal): return .refused(refusal)
            }
            switch ContentSums.verdict(of: response, on: request.body, md5: md5) {
            case .sameETag:
                state.withLock { $0.ofParts.haveMatched = true }
                return .done(response)
            case .same, .unknown: return .done(response)
            case .different: break
            case .differentETag:
                let etags = state.withLock { $0.ofParts }
                if etags.sayNothing { return .done(response) }
                // What is damaged on its way is not damaged in the same manner twice.
                if !etags.haveMatched, let etag = response.headers["etag"], last == etag {
                    state.withLock { $0.ofParts.haveDiffered = true }
                    return .done(response)
                }
                last = response.headers["etag"]
            }
        }
        throw Self.damagedPut(key)
    }

    private static func damagedPut(_ key: StoreKey) -> StoreError {
        StoreError(
            .io, key: key,
            hint: "S3 has got another content than was sent, \(attemptsMax) times: what is on the way damages it")
    }

    /// - Throws: `.io` where what comes is not what S3 says it is, each time.
    func get(_ request: S3Request, about key: StoreKey) async throws(StoreError) -> S3Service.Outcome {
        var request = request
        // AWS sends what it knows for those who ask.
        request.headers.append(("x-amz-checksum-mode", "ENABLED"))
        var last: (md5: [UInt8]?, etag: String?)?
        for _ in 0..<Self.attemptsMax {
            let outcome = try await service.send(request, about: key)
            guard case .done(let response) = outcome else { return outcome }
            let md5 = Hashing.md5(response.body)
            switch ContentSums.verdict(of: response, on: response.body, md5: md5) {
            case .sameETag:
                state.withLock { $0.ofGets.haveMatched = true }
                return .done(response)
            case .same, .unknown: return .done(response)
            case .different: break
            case .differentETag:
                let etags = state.withLock { $0.ofGets }
                if etags.sayNothing { return .done(response) }
                // What is damaged on its way is not damaged in the same manner twice.
                if !etags.haveMatched, let last, last == (md5, response.headers["etag"]) {
                    state.withLock { $0.ofGets.haveDiffered = true }
                    return .done(response)
                }
                last = (md5, response.headers["etag"])
            }
        }
        throw StoreError(
            .io, key: key,
            hint:
                "what S3 sends is not what its sum says, \(Self.attemptsMax) times: it is damaged on its way, or there")
    }

    // MARK: Inside

    /// Whether the object has the content that was put; nil: others have put since, and nobody can say.
    private func isThere(
        _ request: S3Request, _ response: HTTPResponse, about key: StoreKey
    ) async throws(StoreError) -> Bool? {
        var get = S3Request("GET", request.key)
        get.answerBytesMax = UInt64(request.body.count) + (1 << 20)
        // It may be damaged on its way here too.
        for _ in 0..<Self.attemptsMax {
            guard case .done(let found) = try await service.send(get, about: key),
                found.headers["etag"] == response.headers["etag"]
            else { return nil }
            if found.body == request.body { return true }
        }
        return false
    }
}

extension S3Request {
    static let conditions = ["if-match", "if-none-match"]

    var isConditional: Bool { headers.contains { Self.conditions.contains($0.0) } }
}

extension S3Refusal {
    /// What has come is not what its sums say.
    fileprivate var isDamage: Bool {
        ["BadDigest", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch", "IncompleteBody"].contains(code)
    }
}
