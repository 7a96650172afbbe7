internal import Linux
public import Persist
internal import Synchronization

/// An adapter in any language: a child process that answers requests, one JSON object a line, on its standard input
/// and output (JSON-RPC 2.0).
///
/// The child starts on the first request, as the leader of a process group of its own. One that dies is started
/// again, at once and then after pauses that double up to 10 s; what was in flight is asked again, because `get`,
/// `put` and `delete` may be repeated. One that writes what is no answer, or that says nothing for `requestSeconds`
/// while something is asked of it, is ended and started again.
///
/// All methods: any thread; none blocks it. Errors are `StoreError`: `.timedOut` where the child did not answer in
/// time, does not run, or says that its far side is unavailable (code -32001); `.io` with the code and the message
/// for every other error that it answers; `.tooLarge`; `.interrupted` where the task was cancelled or the adapter
/// closed.
public final class ProcessAdapter: PersistAdapter {
    let options: ProcessAdapterOptions
    private let inbox = Inbox()
    private let lastID = Atomic<UInt64>(0)
    private let trouble = TroubleNote()

    /// - Parameters:
    ///   - command: the program, found by PATH where it has no `/`, and its arguments.
    ///   - log: gets each line of the child's standard error and what becomes of it, on a thread of this adapter; it
    ///     must not block.
    public init(
        command: [String], options: ProcessAdapterOptions = ProcessAdapterOptions(),
        log: @escaping @Sendable (String) -> Void
    ) {
        precondition(!command.isEmpty, "a command has a program")
        self.options = options
        let (inbox, trouble) = (inbox, trouble)
        guard inbox.bell >= 0 else {
            _ = inbox.finish()
            return
        }
        OwnThread.start("adapter") {
            var keeper = ChildKeeper(command: command, options: options, inbox: inbox, trouble: trouble, log: log)
            keeper.run()
        }.detach()
    }

    /// Not nil: no request has been answered by the last children, at least two, though some still wait. At once, where
    /// the requests themselves fail only when their time is over.
    public var currentTrouble: Trouble? { trouble.current }

    deinit { inbox.post(.close(patience: nil)) }

    /// Ends the child: its input is closed, so that it can finish; then SIGTERM, then SIGKILL.
    ///
    /// Returns when it is gone: after `closeSeconds` and a second at the latest. Requests that it has not answered by
    /// then, and all later ones, fail with `.interrupted`.
    ///
    /// - Parameter seconds: instead of `closeSeconds`.
    public func close(seconds: Double? = nil) async {
        inbox.post(.close(patience: seconds.map { .seconds($0) }))
        await inbox.finished()
    }

    public func get(_ key: StoreKey) async throws -> [UInt8]? {
        let content = try await answer(to: .get(key))
        switch content {
        case .value(let value): return try value.bytes(for: key)
        case .done(let result) where result.elementsEqual("null".utf8): return nil
        default: throw Self.error(of: content, to: .get(key))
        }
    }

    public func put(_ key: StoreKey, _ value: [UInt8]) async throws {
        guard value.count <= options.valueBytesMax else {
            throw StoreError(
                .tooLarge, key: key, hint: "values are at most \(options.valueBytesMax) bytes for this adapter")
        }
        try await done(.put(key, value))
    }

    public func delete(_ key: StoreKey) async throws { try await done(.delete(key)) }

    /// In the order in which the child gives them: it is told to sort by the bytes of the keys' texts, and that is not
    /// checked, nor mended where it does not. Keys that are not UTF-8, which the child knows by an escaped text, are put
    /// where their bytes belong.
    ///
    /// Streamed: no more than `listBufferBytes` are in memory, so nothing can be sorted here. Each iterator asks the
    /// child anew, when it is asked for the first entry. A child that ends in the middle ends the listing with
    /// `.timedOut`.
    public func list(_ prefix: StoreKey) async throws -> any AsyncSequence<StoreEntry, any Error> & Sendable {
        ListEntries(adapter: self, prefix: prefix)
    }

    // MARK: Asking

    private func done(_ request: Request) async throws {
        let content = try await answer(to: request)
        if case .failure = content { throw Self.error(of: content, to: request) }
    }

    private func answer(to request: Request) async throws -> Answer.Content {
        let reply = Reply()
        let id = try ask(Job(request: request, caller: .one(reply)))
        return try await withTaskCancellationHandler {
            do { return try await reply.content() } catch let error as StoreError { throw error.about(request.key) }
        } onCancel: {
            inbox.post(.drop(id))
        }
    }

    private func ask(_ job: Job) throws(StoreError) -> UInt64 {
        let id = lastID.add(1, ordering: .relaxed).newValue
        guard inbox.post(.ask(id, job)) else { throw inbox.refusal.about(job.request.key) }
        return id
    }

    /// Begins a listing. `drop` is called with the number when nobody wants it any more.
    func beginList(_ prefix: StoreKey) throws(StoreError) -> (buffer: ListBuffer, drop: @Sendable () -> Void) {
        let id = lastID.add(1, ordering: .relaxed).newValue
        let inbox = inbox
        let buffer = ListBuffer(options: options) { inbox.post(.room(id)) }
        guard inbox.post(.ask(id, Job(request: .list(prefix), caller: .list(buffer)))) else {
            throw inbox.refusal.about(prefix)
        }
        return (buffer, { inbox.post(.drop(id)) })
    }

    /// What an answer means that is none of those that the request can have.
    static func error(of content: Answer.Content, to request: Request) -> StoreError {
        guard case .failure(let code, let message) = content else {
            if case .list = request {
                return StoreError(
                    .io, key: request.key,
                    hint: "the adapter answered a list with a value: each entry is a line of its own, with the method "
                        + "\"item\", and the answer is true")
            }
            return StoreError(.io, key: request.key, hint: "the adapter gave an answer that its request cannot have")
        }
        let hint = message.isEmpty ? "the adapter answered error \(code)" : message
        return StoreError(code == -32_001 ? .timedOut : .io, key: request.key, code: code, hint: hint)
    }
}
