internal import Persist
internal import Synchronization

/// Finds out whether a bucket looks at the conditions of a PUT. Some servers take them and put all the same: then two
/// machines could overwrite each other unseen.
final class ConditionProbe: Sendable {
    private let ofPuts: AskedOnce
    private let ofParts: AskedOnce

    /// - Parameter key: of an object of our own.
    init(_ service: S3Service, key: [UInt8]) {
        let asking = Asking(service: service, key: key)
        ofPuts = AskedOnce { () async throws(StoreError) in try await asking.areKept() }
        ofParts = AskedOnce { () async throws(StoreError) in try await asking.areKeptOfParts() }
    }

    /// nil: that is not known yet.
    var answer: Bool? { ofPuts.answer }

    func areKept() async throws(StoreError) -> Bool { try await ofPuts.ask() }

    /// Whether it does so where an upload in parts is completed: that is another request, which servers learned later.
    func areKeptOfParts() async throws(StoreError) -> Bool {
        guard try await ofPuts.ask() else { return false }
        return try await ofParts.ask()
    }

    private struct Asking {
        let service: S3Service
        let key: [UInt8]

        /// The object is put, and then put again where nothing is: that must not work.
        func areKept() async throws(StoreError) -> Bool {
            var request = S3Request("PUT", key)
            request.headers = [("content-type", "text/plain")]
            request.body = Array("whether conditions are kept here\n".utf8)
            let response = try await sent(request)
            let onNothing = try await isDone(request, [("if-none-match", "*")])
            let onOther = try await isDone(request, [("if-match", "\"00000000000000000000000000000000\"")])
            let etag = Revision(etag: response.headers["etag"] ?? "").etag
            let onSame = try await isDone(request, [("if-match", etag)])
            return (onNothing, onOther, onSame) == (false, false, true)
        }

        /// The same object again, in one part. What a probe that was killed has left open is abandoned: it would be paid for.
        func areKeptOfParts() async throws(StoreError) -> Bool {
            let open = OpenUploads(service: service, name: key, key: nil)
            // Who may not list them is not kept from sending by that.
            for (id, _) in (try? await open.list()) ?? [] { try? await open.abandon(id) }
            var request = S3Request("POST", key)
            request.query = [("uploads", "")]
            let id = try XMLReader.read(try await sent(request).body)["UploadId"]?.string ?? ""
            request = S3Request("PUT", key)
            request.query = [("partNumber", "1"), ("uploadId", id)]
            request.body = Array("whether conditions are kept here too\n".utf8)
            let part = Revision(etag: try await sent(request).headers["etag"] ?? "")
            request = S3Request("POST", key)
            request.query = [("uploadId", id)]
            request.body = S3Adapter.list(of: [PartReceipt(mark: part.bytes, sum: [])])
            var isKept = try await isDone(request, [("if-none-match", "*")]) == false
            if isKept {
                isKept = try await isDone(request, [("if-match", "\"00000000000000000000000000000000\"")]) == false
            }
            // Where it was completed, there is none any more.
            try await open.abandon(id)
            return isKept
        }

        private func sent(_ request: S3Request) async throws(StoreError) -> HTTPResponse {
            switch try await service.send(request, about: nil) {
            case .done(let response): return response
            case .refused(let refusal) where refusal.isMissingUpload: throw Self.abandoned
            case .refused(let refusal): throw refusal.error(nil, bucket: service.endpoint.bucket)
            }
        }

        /// By another machine, which probes too: that says nothing.
        private static let abandoned = StoreError(.timedOut, hint: "others have abandoned the upload of a probe")

        /// nil: the server does not know the condition. - Throws: every other refusal, which may be over soon.
        private func isDone(_ request: S3Request, _ condition: [(String, String)]) async throws(StoreError) -> Bool? {
            var request = request
            request.headers += condition
            switch try await service.send(request, about: nil) {
            case .done: return true
            case .refused(let refusal) where refusal.isPrecondition: return false
            case .refused(let refusal) where refusal.isUnknownCondition: return nil
            case .refused(let refusal) where refusal.isMissingUpload: throw Self.abandoned
            case .refused(let refusal): throw refusal.error(nil, bucket: service.endpoint.bucket)
            }
        }
    }
}

/// A question with one answer, which is asked for once for all who want it; what fails is asked again.
final class AskedOnce: Sendable {
    private enum State {
        case unknown
        case asking(Task<Result<Bool, StoreError>, Never>)
        case known(Bool)
    }
    private let state = Mutex(State.unknown)
    private let question: @Sendable () async throws(StoreError) -> Bool

    init(_ question: @escaping @Sendable () async throws(StoreError) -> Bool) { self.question = question }

    /// nil: that is not known yet.
    var answer: Bool? { state.withLock { if case .known(let answer) = $0 { answer } else { nil } } }

    func ask() async throws(StoreError) -> Bool {
        if let answer { return answer }
        let asking = state.withLock { state in
            if case .asking(let task) = state { return task }
            let task = Task.detached { [question] in
                await Result { () async throws(StoreError) in try await question() }
            }
            state = .asking(task)
            return task
        }
        let result = await asking.value
        state.withLock { state in
            // Who was waiting for long must not take back what others have asked since.
            guard case .asking(asking) = state else { return }
            if case .success(let isKept) = result { state = .known(isKept) } else { state = .unknown }
        }
        return try result.get()
    }
}
