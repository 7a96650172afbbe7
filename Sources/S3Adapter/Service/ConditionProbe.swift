internal import Persist
internal import Synchronization

/// Finds out whether a bucket looks at the conditions of a PUT. Some servers take them and put all the same: then two
/// machines could overwrite each other unseen.
final class ConditionProbe: Sendable {
    private let service: S3Service
    private let key: [UInt8]
    private enum State {
        case unknown
        case asking(Task<Result<Bool, StoreError>, Never>)
        case known(Bool)
    }
    private let state = Mutex(State.unknown)

    /// - Parameter key: of an object of our own.
    init(_ service: S3Service, key: [UInt8]) {
        self.service = service
        self.key = key
    }

    /// nil: that is not known yet.
    var answer: Bool? { state.withLock { if case .known(let answer) = $0 { answer } else { nil } } }

    /// Asked once; what fails is asked again.
    func areKept() async throws(StoreError) -> Bool {
        if let answer { return answer }
        let asking = state.withLock { state in
            if case .asking(let task) = state { return task }
            let task = Task.detached { [self] in
                await Result { () async throws(StoreError) in try await probe() }
            }
            state = .asking(task)
            return task
        }
        let result = await asking.value
        state.withLock { state in
            if case .success(let isKept) = result { state = .known(isKept) } else { state = .unknown }
        }
        return try result.get()
    }

    /// The object is put, and then put again where nothing is: that must not work.
    private func probe() async throws(StoreError) -> Bool {
        var request = S3Request("PUT", key)
        request.headers = [("content-type", "text/plain")]
        request.body = Array("whether conditions are kept here\n".utf8)
        let response: HTTPResponse
        switch try await service.send(request, about: nil) {
        case .done(let done): response = done
        case .refused(let refusal): throw refusal.error(nil, bucket: service.endpoint.bucket)
        }
        let isThere = try await isRefused(request, [("if-none-match", "*")])
        let isOther = try await isRefused(request, [("if-match", "\"00000000000000000000000000000000\"")])
        let etag = Revision(etag: response.headers["etag"] ?? "").etag
        let isSame = try await !isRefused(request, [("if-match", etag)])
        return isThere && isOther && isSame
    }

    private func isRefused(_ request: S3Request, _ condition: [(String, String)]) async throws(StoreError) -> Bool {
        var request = request
        request.headers += condition
        if case .refused(let refusal) = try await service.send(request, about: nil) { return refusal.isPrecondition }
        return false
    }
}
