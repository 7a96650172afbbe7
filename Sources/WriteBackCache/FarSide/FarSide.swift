import Persist
import Synchronization

/// The adapter, as the cache uses it: with typed errors, a limit of time, and a count of what it is asked.
final class FarSide: Sendable {
    /// How often each method was called.
    struct Requests: Sendable, Equatable {
        var gets = 0
        var puts = 0
        var deletes = 0
        var lists = 0
        /// Of those that failed.
        var failures = 0
    }

    private struct State {
        var requests = Requests()
        var hasAnswered = false
        /// What the last listing that failed said.
        var lookError: String?
        /// Since when nothing has succeeded.
        var offlineSince: Timestamp?
        var lastError: String?
        /// It has said that it does not know conditions.
        var refusesConditions = false
        /// The same of keys without values, and of parts of values.
        var refusesKeys = false
        var refusesRanges = false
    }

    let adapter: any PersistAdapter
    private let conditional: (any ConditionalPutting)?
    let attributed: (any AttributedPutting)?
    private let limit: Duration
    private let clock: RequestClock
    private let state = Mutex(State())

    init(_ adapter: any PersistAdapter, requestMilliseconds: Int64) {
        self.adapter = adapter
        conditional = adapter as? any ConditionalPutting
        attributed = adapter as? any AttributedPutting
        limit = .milliseconds(requestMilliseconds)
        clock = RequestClock(limit: limit)
    }

    var requests: Requests { state.withLock { $0.requests } }
    /// Whether it has ever answered; where it has not, why it cannot be looked through.
    var contact: (hasAnswered: Bool, failure: String?) {
        state.withLock { ($0.hasAnswered, $0.hasAnswered ? nil : $0.lookError) }
    }
    /// nil: the last request was answered.
    var offline: (since: Timestamp, error: String)? {
        state.withLock { state in state.offlineSince.map { ($0, state.lastError ?? "") } }
    }

    func get(_ key: StoreKey, extraSeconds: Int = 0) async throws(StoreError) -> [UInt8]? {
        state.withLock { $0.requests.gets += 1 }
        return try await asked(key, extraSeconds: extraSeconds) { [adapter] in try await adapter.get(key) }
    }

    func put(_ key: StoreKey, _ value: [UInt8]) async throws(StoreError) {
        state.withLock { $0.requests.puts += 1 }
        try await asked(key, extraSeconds: Self.seconds(for: value.count)) { [adapter] in
            try await adapter.put(key, value)
        }
    }

    func delete(_ key: StoreKey) async throws(StoreError) {
        state.withLock { $0.requests.deletes += 1 }
        try await asked(key) { [adapter] in try await adapter.delete(key) }
    }

    /// Whether a put can be made to take effect only where nobody else has put since.
    var putsConditionally: Bool { conditional != nil && !state.withLock { $0.refusesConditions } }

    /// What is under a key, with its revision where it has one, and its attributes where they lie with it.
    ///
    /// - Parameter size: what is known of it.
    func getRevised(_ key: StoreKey, size: UInt64 = 0) async throws(StoreError) -> FarValue? {
        let extra = Self.seconds(for: Int(clamping: size))
        if let attributed { return try await getAttributed(key, of: attributed, extraSeconds: extra) }
        guard let conditional, putsConditionally else {
            return try await get(key, extraSeconds: extra).map { FarValue(value: $0) }
        }
        state.withLock { $0.requests.gets += 1 }
        let answer = try await asked(key, extraSeconds: extra) {
            () async throws -> (isKnown: Bool, value: RevisedValue?) in
            do {
                return (true, try await conditional.getRevised(key))
            } catch let error as StoreError where error.kind == .unsupported {
                return (false, nil)
            }
        }
        if answer.isKnown { return answer.value.map { FarValue(value: $0.value, revision: $0.revision) } }
        refusesConditions()
        return try await get(key, extraSeconds: extra).map { FarValue(value: $0) }
    }

    enum Replaced: Sendable {
        /// nil: the far side has no revisions. `time`: as of `DatedRevision`.
        case put(Revision?, time: Timestamp? = nil)
        /// Something else is there than what it was to replace. Nothing has changed.
        case conflict
        /// It knows no conditions after all. Nothing has changed.
        case unconditional
    }

    /// Puts where what is there has this revision; nil: where nothing is.
    func put(_ key: StoreKey, _ value: [UInt8], replacing revision: Revision?) async throws(StoreError) -> Replaced {
        guard let conditional, putsConditionally else { return .unconditional }
        state.withLock { $0.requests.puts += 1 }
        let replaced = try await asked(key, extraSeconds: Self.seconds(for: value.count)) {
            () async throws -> Replaced in
            do {
                return .put(try await conditional.put(key, value, replacing: revision))
            } catch is RevisionConflict {
                return .conflict
            } catch let error as StoreError where error.kind == .unsupported {
                return .unconditional
            }
        }
        if case .unconditional = replaced { refusesConditions() }
        return replaced
    }

    /// Gives `body` all entries in pieces of at most `most`, or about 4 MiB.
    ///
    /// The limit of time is for each entry: a long listing takes as long as it takes.
    func list(
        _ prefix: StoreKey, most: Int, _ body: ([StoreEntry]) async throws(StoreError) -> Void
    ) async throws(StoreError) {
        state.withLock { $0.requests.lists += 1 }
        var own: StoreError?
        func give(_ piece: [StoreEntry]) async throws(StoreError) {
            do throws(StoreError) { try await body(piece) } catch {
                own = error
                throw error
            }
        }
        do {
            var (piece, bytes): ([StoreEntry], Int) = ([], 0)
            for try await entry in try await adapter.list(prefix) {
                if piece.isEmpty { answered() }
                piece.append(entry)
                bytes += entry.value.count
                if piece.count >= most || bytes >= 4 << 20 {
                    try await give(piece)
                    (piece, bytes) = ([], 0)
                }
            }
            answered()
            if !piece.isEmpty { try await give(piece) }
        } catch {
            // What fails here says nothing about the far side.
            if let own { throw own }
            throw failed(error, prefix, isLook: true)
        }
    }

    func count(_ what: WritableKeyPath<Requests, Int>) { state.withLock { $0.requests[keyPath: what] += 1 } }

    /// Slower than that nobody sends for long.
    private static let bytesPerSecondMin = 16 << 10

    /// What a request may take beyond the limit of all that moves so many bytes.
    static func seconds(for bytes: Int) -> Int { bytes / bytesPerSecondMin }

    /// - Parameter extraSeconds: that the request may take beyond the limit of all.
    func asked<R: Sendable>(
        _ key: StoreKey, extraSeconds: Int = 0, _ body: @escaping @Sendable () async throws -> R
    ) async throws(StoreError) -> R {
        do {
            let answer = try await withLimit(limit + .seconds(extraSeconds), body)
            answered()
            return answer
        } catch {
            throw failed(error, key)
        }
    }

    /// An adapter that never answers, and does not hear that it is to stop, must not keep a value from being sent again.
    private func withLimit<R: Sendable>(
        _ limit: Duration, _ body: @escaping @Sendable () async throws -> R
    ) async throws -> R {
        let first = First<Result<R, any Error>>()
        let work = Task.detached {
            do { first.give(.success(try await body())) } catch { first.give(.failure(error)) }
        }
        let number = clock.asked(for: limit) {
            first.give(.failure(StoreError(.timedOut, hint: "the far side has not answered within \(limit)")))
            work.cancel()
        }
        let answer = await first.value
        clock.answered(number)
        return try answer.get()
    }

    var listsKeys: Bool { adapter is any KeyListing && !state.withLock { $0.refusesKeys } }
    var readsRanges: Bool { adapter is any RangedReading && !state.withLock { $0.refusesRanges } }
    /// It turned out not to know them after all.
    func refusesConditions() { state.withLock { $0.refusesConditions = true } }
    func refusesKeys() { state.withLock { $0.refusesKeys = true } }
    func refusesRanges() { state.withLock { $0.refusesRanges = true } }

    func answered() { state.withLock { ($0.hasAnswered, $0.offlineSince) = (true, nil) } }

    /// - Parameter isLook: a listing failed.
    func failed(_ error: any Error, _ key: StoreKey, isLook: Bool = false) -> StoreError {
        // What an adapter throws of its own may be over in a moment: only a StoreError says that something is final.
        let error = (error as? StoreError ?? StoreError(.timedOut, hint: "\(error)")).about(key)
        state.withLock { state in
            state.requests.failures += 1
            state.lastError = "\(error)"
            if isLook { state.lookError = "\(error)" }
            if error.isTransient, state.offlineSince == nil { state.offlineSince = .now() }
        }
        return error
    }
}
