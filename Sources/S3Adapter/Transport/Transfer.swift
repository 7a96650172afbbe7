internal import CCurl
internal import CLinux
internal import Persist

/// A request under way. Used by one thread: first by whoever asks, then by that of the transport.
final class Transfer: @unchecked Sendable {  // handed over once, through the transport's queue
    typealias Answer = Result<HTTPResponse, TransferFailure>

    let request: HTTPRequest
    /// No other of the transport has it.
    let number: Int
    private let finish: @Sendable (Answer) -> Void
    private var response = HTTPResponse(status: 0)
    private var sent = 0
    private var isTooLong = false
    private var headerList: UnsafeMutablePointer<curl_slist>?
    private var easy: OpaquePointer?

    init(_ request: HTTPRequest, _ number: Int, finish: @escaping @Sendable (Answer) -> Void) {
        self.request = request
        self.number = number
        self.finish = finish
    }

    /// Prepares a handle of curl for it, which then knows this transfer by `CURLOPT_PRIVATE`.
    func begin(on easy: OpaquePointer) {
        self.easy = easy
        let own = Unmanaged.passRetained(self).toOpaque()
        let easy = UnsafeMutableRawPointer(easy)
        ccurl_set_pointer(easy, CURLOPT_PRIVATE, own)
        ccurl_set_string(easy, CURLOPT_URL, request.url)
        for (name, value) in request.headers { append("\(name): \(value)") }
        // Not asked for: a server that waits with its 100 costs up to a second each PUT.
        append("expect:")
        ccurl_set_list(easy, CURLOPT_HTTPHEADER, headerList)
        if request.isOnce { ccurl_set_long(easy, CURLOPT_FRESH_CONNECT, 1) }
        switch request.method {
        case "GET": ccurl_set_long(easy, CURLOPT_HTTPGET, 1)
        case "HEAD": ccurl_set_long(easy, CURLOPT_NOBODY, 1)
        case "PUT":
            ccurl_set_long(easy, CURLOPT_UPLOAD, 1)
            ccurl_set_size(easy, CURLOPT_INFILESIZE_LARGE, curl_off_t(request.body.count))
        default:
            ccurl_set_string(easy, CURLOPT_CUSTOMREQUEST, request.method)
            // A POST says how long it is, even of nothing.
            if !request.body.isEmpty || request.method == "POST" {
                ccurl_set_long(easy, CURLOPT_UPLOAD, 1)
                ccurl_set_size(easy, CURLOPT_INFILESIZE_LARGE, curl_off_t(request.body.count))
            }
        }
        ccurl_set_pointer(easy, CURLOPT_READDATA, own)
        ccurl_set_transfer(easy, CURLOPT_READFUNCTION) { bytes, size, count, context in
            guard let bytes, let context else { return 0 }
            return Transfer.at(context).give(UnsafeMutableRawBufferPointer(start: bytes, count: size * count))
        }
        ccurl_set_pointer(easy, CURLOPT_SEEKDATA, own)
        ccurl_set_seek(easy) { context, offset, origin in
            guard let context, origin == SEEK_SET else { return CURL_SEEKFUNC_CANTSEEK }
            Transfer.at(context).sent = Int(offset)
            return CURL_SEEKFUNC_OK
        }
        ccurl_set_pointer(easy, CURLOPT_WRITEDATA, own)
        ccurl_set_transfer(easy, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
            guard let bytes, let context else { return 0 }
            return Transfer.at(context).take(UnsafeRawBufferPointer(start: bytes, count: size * count))
        }
        ccurl_set_pointer(easy, CURLOPT_HEADERDATA, own)
        ccurl_set_transfer(easy, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
            guard let bytes, let context else { return 0 }
            Transfer.at(context).header(UnsafeRawBufferPointer(start: bytes, count: size * count))
            return size * count
        }
    }

    /// It is over.
    func end(_ code: CURLcode) {
        defer { forget() }
        guard let easy else { return }
        var status = 0
        ccurl_get_long(UnsafeMutableRawPointer(easy), CURLINFO_RESPONSE_CODE, &status)
        response.status = status
        if isTooLong {
            fail(.tooLong)
        } else if code == CURLE_OK {
            finish(.success(response))
        } else {
            let words = String(cString: ccurl_easy_strerror(code))
            var bytesSent = 0
            ccurl_get_long(UnsafeMutableRawPointer(easy), CURLINFO_REQUEST_SIZE, &bytesSent)
            fail(
                .curl(
                    Int32(code.rawValue), words, isUntouched: response.body.isEmpty && status == 0,
                    isSent: bytesSent > 0))
        }
    }

    /// It is ended before it is over.
    func end(_ failure: TransferFailure) {
        defer { forget() }
        fail(failure)
    }

    /// - Precondition: curl has done with the handle.
    private func forget() {
        ccurl_slist_free_all(headerList)
        headerList = nil
        easy = nil
        Unmanaged.passUnretained(self).release()
    }

    func fail(_ failure: TransferFailure) { finish(.failure(failure)) }

    static func at(_ context: UnsafeMutableRawPointer) -> Transfer {
        Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
    }

    // MARK: Callbacks

    private func append(_ line: String) { headerList = ccurl_slist_append(headerList, line) }

    private func give(_ room: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(room.count, request.body.count - sent)
        guard count > 0 else { return 0 }
        request.body.withUnsafeBytes { body in
            room.copyMemory(from: UnsafeRawBufferPointer(rebasing: body[sent..<(sent + count)]))
        }
        sent += count
        return count
    }

    private func take(_ bytes: UnsafeRawBufferPointer) -> Int {
        guard UInt64(response.body.count + bytes.count) <= request.answerBytesMax else {
            isTooLong = true
            return 0
        }
        response.body += bytes
        return bytes.count
    }

    /// So many bytes will come. Those of a large body would each time be new pages, which the system clears one by one.
    private func expect(_ count: Int) {
        response.body.reserveCapacity(count)
        guard count >= Self.largeBody else { return }
        response.body.withUnsafeMutableBufferPointer { body in
            if let start = body.baseAddress { clinux_prefer_large_pages(start, count) }
        }
    }

    private static let largeBody = 4 << 20

    private func header(_ line: UnsafeRawBufferPointer) {
        // A line of status begins the headers of another answer (100, or one that was to be sent again).
        if line.starts(with: "HTTP/".utf8) { return response.headers = [:] }
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return }
        let name = String(decoding: line[..<colon], as: UTF8.self).lowercased()
        let value = line[(colon + 1)...].drop { $0 == 0x20 }
        response.headers[name] = String(
            decoding: value.prefix { $0 != UInt8(ascii: "\r") && $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        if name == "content-length", let count = Int(response.headers[name] ?? ""), request.method == "GET" {
            expect(min(count, Int(clamping: request.answerBytesMax)))
        }
    }
}

/// Why there is no answer.
enum TransferFailure: Error, Sendable {
    /// CURLcode and its words. `isUntouched`: nothing of an answer had come. `isSent`: something of the request had gone.
    case curl(Int32, String, isUntouched: Bool, isSent: Bool)
    case tooLong
    /// The task that waited for it.
    case cancelled
    case closed
}
