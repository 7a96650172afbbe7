internal import Persist
internal import Synchronization

/// Requests to one bucket: signed, sent, and sent again where it is S3 that asks for that.
final class S3Service: Sendable {
    enum Outcome: Sendable {
        case done(HTTPResponse)
        /// For the caller: missing keys, preconditions, what it cannot do.
        case refused(S3Refusal)
    }

    private struct State {
        /// Added to our clock.
        var skewSeconds: Int64 = 0
        var requests = S3Requests()
    }

    let endpoint: S3Endpoint
    private let region: String
    private let transport: CurlTransport
    private let credentials: @Sendable () async throws(StoreError) -> Credentials
    private let log: @Sendable (String) -> Void
    private let state = Mutex(State())

    /// Of one request; the cache has its own patience beyond that.
    private static let attemptsMax = 4
    /// CURLE_PARTIAL_FILE, CURLE_GOT_NOTHING, CURLE_SEND_ERROR, CURLE_RECV_ERROR.
    private static let cuts: Set<Int32> = [18, 52, 55, 56]
    /// CURLE_OPERATION_TIMEDOUT.
    private static let stalled: Int32 = 28
    private static let firstPauseMilliseconds: Int64 = 100

    init(
        _ endpoint: S3Endpoint, region: String, transport: CurlTransport,
        credentials: @escaping @Sendable () async throws(StoreError) -> Credentials,
        log: @escaping @Sendable (String) -> Void
    ) {
        self.endpoint = endpoint
        self.region = region
        self.transport = transport
        self.credentials = credentials
        self.log = log
    }

    /// How often the bucket was asked, by kind.
    var requests: S3Requests { state.withLock { $0.requests } }

    func close() async { await transport.close() }

    /// - Throws: `.timedOut` where there is no answer, or S3 is busy for longer than a few tries; `.interrupted` where the task
    ///   was cancelled: nothing more is sent then.
    func send(_ request: S3Request, about key: StoreKey?) async throws(StoreError) -> Outcome {
        var pause = Self.firstPauseMilliseconds
        var last = StoreError(.timedOut, key: key, hint: "S3 does not answer")
        let attemptsMax = request.isOnce ? 1 : Self.attemptsMax
        for attempt in 1...attemptsMax {
            if let deadline = request.deadline, ContinuousClock.now > deadline { throw last }
            let (signed, skew) = try await signed(request)
            switch await transport.send(signed) {
            case .success(let response):
                state.withLock { $0.requests.bytesReceived += UInt64(response.body.count) }
                if (200..<300).contains(response.status) { return .done(response) }
                let refusal = S3Refusal(response)
                // An answer to HEAD has no words.
                let isSkewed = refusal.isSkewed || request.method == "HEAD" && refusal.status == 403
                if isSkewed, correctClock(by: response, signedWith: skew) { continue }
                guard refusal.isPassing else { return .refused(refusal) }
                last = refusal.error(key, bucket: endpoint.bucket)
            case .failure(.tooLong):
                throw StoreError(.tooLarge, key: key, hint: "the answer is longer than \(request.answerBytesMax) bytes")
            case .failure(.cancelled): throw StoreError(.interrupted, key: key, hint: "the request was given up")
            case .failure(.closed): throw StoreError(.interrupted, key: key, hint: "the adapter is closed")
            case .failure(.curl(let code, let words, let isUntouched, let isSent)):
                last = StoreError(.timedOut, key: key, code: code, hint: "\(endpoint.host): \(words)")
                // One that had been kept is gone: a new one tells at once whether the server is there. A server that took the
                // request and is silent may be at it still.
                let onlyAsks = ["GET", "HEAD"].contains(request.method)
                if isUntouched, attempt == 1, onlyAsks || !isSent || code != Self.stalled { continue }
                // What only asks is asked again where the way to the server is a bad one, and not where there is none: a
                // look has many questions, and comes to its end only where all are answered.
                guard onlyAsks, Self.cuts.contains(code) else { throw last }
            }
            let wait = pause / 2 + .random(in: 0...pause)
            guard attempt < attemptsMax, (try? await Task.sleep(for: .milliseconds(wait))) != nil else { break }
            pause *= 2
        }
        throw last
    }

    // MARK: Inside

    /// - Returns: `skew`: what was added to our clock.
    private func signed(_ request: S3Request) async throws(StoreError) -> (request: HTTPRequest, skew: Int64) {
        state.withLock { $0.requests.count(request) }
        let credentials = try await credentials()
        let path = endpoint.path(of: request.key)
        let skew = state.withLock { $0.skewSeconds }
        let time = SigningTime(Timestamp(nanoseconds: Timestamp.now().nanoseconds + skew * 1_000_000_000))
        let sum =
            request.body.isEmpty
            ? Signature.emptyBody : Hashing.hex(request.bodySum ?? Hashing.sha256(request.body))
        let headers = [("host", endpoint.authority)] + request.headers
        let added = Signature(credentials: credentials, region: region).headers(
            for: request.method, path: path, query: request.query, headers: headers, bodySum: sum, at: time)
        let query = Signature.canonicalQuery(request.query)
        let signed = HTTPRequest(
            method: request.method,
            url: "\(endpoint.scheme)://\(endpoint.authority)\(path)" + (query.isEmpty ? "" : "?\(query)"),
            headers: (request.headers + added).map { (name: $0.0, value: $0.1) }, body: request.body,
            isOnce: request.isOnce, isLong: request.isLong, answerBytesMax: request.answerBytesMax)
        return (signed, skew)
    }

    /// By what the server says the time is.
    ///
    /// - Parameter used: what the request was signed with: others may have corrected the clock since.
    /// - Returns: whether another try makes sense.
    private func correctClock(by response: HTTPResponse, signedWith used: Int64) -> Bool {
        guard let text = response.headers["date"], let theirs = HTTPDate.seconds(text) else { return false }
        let skew = theirs - Timestamp.now().seconds
        let isNew = state.withLock { state in
            defer { state.skewSeconds = skew }
            return Self.differ(state.skewSeconds, skew)
        }
        if isNew {
            log("the clock here is \(abs(skew)) seconds \(skew > 0 ? "behind" : "ahead of") that of S3; allowed for")
        }
        return Self.differ(used, skew)
    }

    private static func differ(_ skew: Int64, _ other: Int64) -> Bool { abs(skew - other) > 60 }
}
