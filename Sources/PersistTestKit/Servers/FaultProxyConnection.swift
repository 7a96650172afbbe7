internal import Glibc

/// One connection of a client through a `FaultProxy`, served by one thread.
struct FaultProxyConnection {
    private typealias Broken = HTTPStream.Broken

    private let client: HTTPStream
    private let proxy: FaultProxy
    private var server: HTTPStream?

    init(_ client: HTTPStream, of proxy: FaultProxy) {
        self.client = client
        self.proxy = proxy
    }

    /// Serves one request after another, until one side ends it or a fault does.
    consuming func run() {
        do throws(Broken) { while try serve() {} } catch {}
        if let server { proxy.forget(server) }
        proxy.forget(client)
    }

    /// - Returns: false: no more.
    private mutating func serve() throws(Broken) -> Bool {
        guard let head = try client.head() else { return false }
        let (request, fault, latency) = proxy.arrived(head)
        proxy.count { $0.underWay += 1 }
        defer { proxy.count { $0.underWay -= 1 } }
        if latency > .zero { usleep(UInt32(latency / .microseconds(1))) }
        switch fault {
        case .cutBefore:
            proxy.count { $0.add(.cutBefore) }
            return false
        case .refused(let refusal):
            proxy.count { $0.add(.refused(refusal)) }
            return try refuse(head, refusal)
        case .stalled:
            proxy.count { $0.add(.stalled) }
            guard waitForRelease() else { return false }
        default: break
        }
        return try forward(head, request, fault)
    }

    private func refuse(_ head: HTTPHead, _ refusal: FaultProxy.Refusal) throws(Broken) -> Bool {
        // Who waits for a 100 sends no body after this answer.
        let keeps = head.keepsConnection && !head.expectsContinue
        if keeps { try client.body(head.requestBody) { _, _ in } }
        let body = """
            <?xml version="1.0" encoding="UTF-8"?>
            <Error><Code>\(refusal.code)</Code><Message>\(refusal.message)</Message><RequestId>0</RequestId></Error>
            """
        let answer = """
            HTTP/1.1 \(refusal.status) \(refusal.code)\r\nContent-Type: application/xml\r\n\
            Content-Length: \(body.utf8.count)\r\n\(keeps ? "" : "Connection: close\r\n")\r\n
            """
        try client.write(Array(answer.utf8) + (head.method == "HEAD" ? [] : Array(body.utf8)))
        return keeps
    }

    /// - Returns: false: the client, or the proxy, has gone before.
    private func waitForRelease() -> Bool {
        let before = proxy.releases.count
        while true {
            let (count, isEnded) = proxy.releases
            if isEnded || client.hasEnded { return false }
            if count != before { return true }
            usleep(10_000)
        }
    }

    private mutating func forward(
        _ head: HTTPHead, _ request: FaultProxy.Request, _ fault: FaultProxy.Fault?
    ) throws(Broken) -> Bool {
        if head.expectsContinue { try client.write(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)) }
        let server = try connected()
        var sent = Damage(head.requestBody, isFlipped: fault == .flippedSent, number: request.number)
        var isTaken = true
        func send(_ bytes: some Collection<UInt8>) {
            // It may have answered before it had all, and hears no more: its answer can still be read.
            if isTaken { do throws(Broken) { try server.write(bytes) } catch { isTaken = false } }
        }
        send(head.bytes)
        try client.body(head.requestBody) { piece, isData in
            send(isData ? sent.passed(piece) : piece)
        }
        if sent.isDone { proxy.count { $0.add(.flippedSent) } }

        guard var answer = try server.head() else { throw Broken() }
        // Those that say to go on: the client has had its own.
        while (100..<200).contains(answer.status) {
            guard let next = try server.head() else { throw Broken() }
            answer = next
        }
        let body = answer.answerBody(to: head.method)
        if fault == .cutAfter {
            try server.body(body) { _, _ in }
            proxy.count {
                $0.add(request, sent: sent.bytes, received: 0)
                $0.add(.cutAfter)
            }
            return false
        }
        try client.write(answer.bytes)
        var received = Damage(body, isFlipped: fault == .flipped, number: request.number)
        let half = fault == .truncated && body != .none ? max(1, received.known / 2) : Int.max
        var isCut = false
        try server.body(body) { piece, isData throws(Broken) in
            guard !isCut else { return }
            guard isData else { return try client.write(piece) }
            let rest = half - received.bytes
            isCut = piece.count >= rest && half != .max
            try client.write(received.passed(isCut ? piece.prefix(rest) : piece))
        }
        proxy.count {
            $0.add(request, sent: sent.bytes, received: received.bytes)
            if received.isDone { $0.add(.flipped) }
            if isCut { $0.add(.truncated) }
        }
        if isCut { client.endWriting() }
        return !isCut && head.keepsConnection && answer.keepsConnection && body != .untilEnd
    }

    /// A connection to the server, which may have closed the last one.
    private mutating func connected() throws(Broken) -> HTTPStream {
        if let server {
            if !server.isSpent { return server }
            proxy.forget(server)
            self.server = nil
        }
        server = proxy.connectToServer()
        guard let server else { throw Broken() }
        return server
    }

    /// Counts the bytes of a body, and makes one of them another.
    private struct Damage {
        private(set) var bytes = 0
        private(set) var isDone = false
        /// How long the body is; of chunks, which do not say it, their first byte is enough.
        let known: Int
        private let place: Int?

        init(_ body: HTTPHead.Body, isFlipped: Bool, number: Int) {
            if case .bytes(let count) = body { known = count } else { known = 1 }
            place = isFlipped && body != .none ? number % known : nil
        }

        mutating func passed(_ piece: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
            defer { bytes += piece.count }
            guard let place, (bytes..<bytes + piece.count).contains(place) else { return piece }
            var piece = piece
            piece[piece.startIndex + place - bytes] ^= 1
            isDone = true
            return piece
        }
    }
}
