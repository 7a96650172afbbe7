internal import CCurl
internal import Glibc
internal import Linux
internal import Persist
internal import Synchronization

/// Requests over HTTP by libcurl: one thread owns the multi handle and all that belongs to it; everybody else gives it
/// transfers and wakes it.
///
/// Connections are kept and used again. Nothing of ours runs on that thread but the taking of answers.
final class CurlTransport: Sendable {
    struct Options: Sendable {
        /// Connections at once; more requests wait.
        var connectionsMax = 32
        var connectSeconds = 10
        /// A transfer during which nothing moves for so long has failed.
        var stallSeconds = 30
        /// The same of a request that the server may work at for long.
        var longStallSeconds = 300
        /// A file with certificates of authorities; nil: those of the system.
        var authorities: String?
        /// Of the environment (`http_proxy` and its like).
        var usesProxies = true
    }

    /// The multi handle, which other threads may only wake.
    private struct Multi: @unchecked Sendable {
        let handle: UnsafeMutableRawPointer
    }

    private struct State {
        var waiting: [Transfer] = []
        /// Of transfers that nobody waits for any more; some may have ended.
        var cancelled: [Int] = []
        var last = 0
        var isClosing = false
        var closers: [CheckedContinuation<Void, Never>] = []
        var isOver = false
    }

    private let multi: Multi
    private let state = Mutex(State())

    /// - Throws: `.io` where curl cannot be used.
    init(_ options: Options) throws(StoreError) {
        if let problem = ccurl_load() {
            throw StoreError(.io, hint: "libcurl cannot be used: \(String(cString: problem))")
        }
        guard let handle = ccurl_multi_init() else { throw StoreError(.io, hint: "libcurl cannot be used") }
        multi = Multi(handle: handle)
        ccurl_multi_set_long(handle, CURLMOPT_MAX_TOTAL_CONNECTIONS, options.connectionsMax)
        ccurl_multi_set_long(handle, CURLMOPT_MAXCONNECTS, options.connectionsMax)
        let shared = self
        OwnThread.start("s3") { shared.run(options) }.detach()
    }

    /// Any thread; does not block. A task that is cancelled ends its transfer: what it was to put must not arrive when
    /// others have gone on.
    func send(_ request: HTTPRequest) async -> Transfer.Answer {
        let number = state.withLock { state in
            state.last += 1
            return state.last
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let transfer = Transfer(request, number) { continuation.resume(returning: $0) }
                let failure: TransferFailure? = state.withLock { state in
                    guard !state.isClosing else { return .closed }
                    // With the lock: a task that is cancelled later finds it waiting.
                    guard !Task.isCancelled else { return .cancelled }
                    state.waiting.append(transfer)
                    // The same: the handle is not gone before the thread has seen this.
                    ccurl_multi_wakeup(multi.handle)
                    return nil
                }
                if let failure { transfer.fail(failure) }
            }
        } onCancel: {
            cancel(number)
        }
    }

    private func cancel(_ number: Int) {
        let transfer: Transfer? = state.withLock { state in
            if let place = state.waiting.firstIndex(where: { $0.number == number }) {
                return state.waiting.remove(at: place)
            }
            guard !state.isClosing else { return nil }
            state.cancelled.append(number)
            ccurl_multi_wakeup(multi.handle)
            return nil
        }
        transfer?.fail(.cancelled)
    }

    /// Ends what is under way, and returns when the thread is done.
    func close() async {
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                if state.isOver { return true }
                state.isClosing = true
                state.closers.append(continuation)
                ccurl_multi_wakeup(multi.handle)
                return false
            }
            if isOver { continuation.resume() }
        }
    }

    // MARK: The thread

    private func run(_ options: Options) {
        var free: [OpaquePointer] = []
        var active: [OpaquePointer: Transfer] = [:]
        while true {
            let (new, cancelled, isClosing) = state.withLock { state in
                defer { (state.waiting, state.cancelled) = ([], []) }
                return (state.waiting, state.cancelled, state.isClosing)
            }
            if isClosing {
                for transfer in new { transfer.fail(.closed) }
                break
            }
            for transfer in new {
                guard let easy = free.popLast() ?? Self.makeEasy(options) else {
                    transfer.fail(
                        .curl(Int32(CURLE_OUT_OF_MEMORY.rawValue), "out of memory", isUntouched: true, isSent: false))
                    continue
                }
                transfer.begin(on: easy)
                if transfer.request.isLong {
                    ccurl_set_long(
                        UnsafeMutableRawPointer(easy), CURLOPT_LOW_SPEED_TIME, options.longStallSeconds)
                }
                active[easy] = transfer
                ccurl_multi_add_handle(multi.handle, UnsafeMutableRawPointer(easy))
            }
            for number in cancelled {
                guard let (easy, transfer) = active.first(where: { $0.value.number == number }) else { continue }
                ccurl_multi_remove_handle(multi.handle, UnsafeMutableRawPointer(easy))
                active[easy] = nil
                transfer.end(.cancelled)
                Self.reset(easy, options)
                free.append(easy)
            }
            var running: Int32 = 0
            ccurl_multi_perform(multi.handle, &running)
            var left: Int32 = 0
            while let message = ccurl_multi_info_read(multi.handle, &left) {
                guard message.pointee.msg == CURLMSG_DONE else { continue }
                let (easy, code) = (OpaquePointer(message.pointee.easy_handle!), ccurl_result(message))
                ccurl_multi_remove_handle(multi.handle, UnsafeMutableRawPointer(easy))
                active.removeValue(forKey: easy)?.end(code)
                Self.reset(easy, options)
                free.append(easy)
            }
            // With a limit: some versions lose a wake-up.
            ccurl_multi_poll(multi.handle, running > 0 ? 200 : 1_000)
        }
        for (easy, transfer) in active {
            ccurl_multi_remove_handle(multi.handle, UnsafeMutableRawPointer(easy))
            transfer.end(.closed)
            ccurl_easy_cleanup(UnsafeMutableRawPointer(easy))
        }
        for easy in free { ccurl_easy_cleanup(UnsafeMutableRawPointer(easy)) }
        let closers = state.withLock { state in
            state.isOver = true
            ccurl_multi_cleanup(multi.handle)
            defer { state.closers = [] }
            return state.closers
        }
        for closer in closers { closer.resume() }
    }

    private static func makeEasy(_ options: Options) -> OpaquePointer? {
        guard let easy = ccurl_easy_init() else { return nil }
        set(easy, options)
        return OpaquePointer(easy)
    }

    /// As new, but with its connection and what it knows of names.
    private static func reset(_ easy: OpaquePointer, _ options: Options) {
        ccurl_easy_reset(UnsafeMutableRawPointer(easy))
        set(UnsafeMutableRawPointer(easy), options)
    }

    private static func set(_ easy: UnsafeMutableRawPointer, _ options: Options) {
        ccurl_set_long(easy, CURLOPT_NOSIGNAL, 1)
        ccurl_set_long(easy, CURLOPT_PATH_AS_IS, 1)
        ccurl_set_long(easy, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        ccurl_set_string(easy, CURLOPT_PROTOCOLS_STR, "http,https")
        ccurl_set_long(easy, CURLOPT_CONNECTTIMEOUT, options.connectSeconds)
        ccurl_set_long(easy, CURLOPT_LOW_SPEED_LIMIT, 1)
        ccurl_set_long(easy, CURLOPT_LOW_SPEED_TIME, options.stallSeconds)
        ccurl_set_long(easy, CURLOPT_TCP_KEEPALIVE, 1)
        ccurl_set_long(easy, CURLOPT_BUFFERSIZE, 256 << 10)
        ccurl_set_long(easy, CURLOPT_UPLOAD_BUFFERSIZE, 256 << 10)
        if !options.usesProxies { ccurl_set_string(easy, CURLOPT_NOPROXY, "*") }
        if let authorities = options.authorities { ccurl_set_string(easy, CURLOPT_CAINFO, authorities) }
    }
}
