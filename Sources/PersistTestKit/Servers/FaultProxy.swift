internal import Glibc
internal import Linux
import Synchronization

/// A proxy on this machine in front of one server of S3 that delays, counts and harms what goes through it.
///
/// Requests go on as they came, with their Host header: it is signed. Each connection of a client has a thread and a
/// connection to the server of its own, so that what one request waits for delays no other. What it does may be changed
/// at any time, from any thread. HTTP/1.1 alone; bodies pass through in pieces. It serves until `end()`.
public final class FaultProxy: Sendable {
    /// What is to happen to a request; nil: nothing. Called by the connections' threads.
    public typealias Rule = @Sendable (Request) -> Fault?

    private struct State {
        var latency = Duration.zero
        var rule: Rule?
        var counts = Counts()
        var requests = 0
        /// How often all that stalls has been let go.
        var releases = 0
        var sockets: Set<Int32> = []
        var connections = 0
        var isEnded = false
    }

    /// `http://127.0.0.1:PORT`.
    public let endpoint: String
    /// In the byte order of the network.
    private let server: sockaddr_in
    private let listener: Int32
    private let state = Mutex(State())

    private static let backlog: Int32 = 512

    /// - Parameter endpoint: of the server: `http://A.B.C.D:PORT`.
    public init(before endpoint: String) throws(HarnessError) {
        let parts = endpoint.split(separator: "/").last?.split(separator: ":") ?? []
        var server = loopback(0)
        guard endpoint.hasPrefix("http://"), parts.count == 2, let port = UInt16(parts[1]),
            inet_pton(AF_INET, String(parts[0]), &server.sin_addr) == 1
        else { throw HarnessError("\(endpoint) is not http://A.B.C.D:PORT") }
        server.sin_port = port.bigEndian
        self.server = server
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard listener >= 0 else { throw HarnessError(failed: "socket") }
        var address = loopback(0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = listener
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                bind(descriptor, generic, length) == 0 && listen(descriptor, Self.backlog) == 0
                    && getsockname(descriptor, generic, &length) == 0
            }
        }
        guard isListening else {
            let error = HarnessError(failed: "a port to listen on")
            close(listener)
            throw error
        }
        self.endpoint = "http://127.0.0.1:\(UInt16(bigEndian: address.sin_port))"
        OwnThread.start("proxy") { [self] in serve() }.detach()
    }

    /// Cuts all connections, those that stall too, and returns when none is left. It serves nobody any more.
    public func end() {
        state.withLock { state in
            guard !state.isEnded else { return }
            state.isEnded = true
            // Wakes accept(2), and whoever reads.
            shutdown(listener, Int32(SHUT_RDWR))
            for socket in state.sockets { shutdown(socket, Int32(SHUT_RDWR)) }
        }
        while state.withLock({ $0.connections }) > 0 { usleep(1_000) }
    }

    // MARK: What it does

    /// How long a request waits here before it goes on.
    public var latency: Duration {
        get { state.withLock { $0.latency } }
        set { state.withLock { $0.latency = newValue } }
    }

    public var rule: Rule? {
        get { state.withLock { $0.rule } }
        set { state.withLock { $0.rule = newValue } }
    }

    /// Lets all requests go on that stall now.
    public func release() { state.withLock { $0.releases += 1 } }

    /// What has gone through it since the last `forget()`.
    public var counts: Counts { state.withLock { $0.counts } }

    public func forget() { state.withLock { $0.counts = Counts() } }

    // MARK: For its connections

    /// Counts a request that has come.
    func arrived(_ head: HTTPHead) -> (request: Request, fault: Fault?, latency: Duration) {
        let (rule, number, latency) = state.withLock { state in
            state.requests += 1
            return (state.rule, state.requests, state.latency)
        }
        let request = Request(head, number: number)
        // Without the lock: it is a test's.
        let fault = rule?(request)
        state.withLock { $0.counts.add(request) }
        return (request, fault, latency)
    }

    func count(_ body: (inout Counts) -> Void) { state.withLock { body(&$0.counts) } }

    /// What tells one that stalls whether to go on.
    var releases: (count: Int, isEnded: Bool) { state.withLock { ($0.releases, $0.isEnded) } }

    /// A new connection to the server; nil: it does not take any.
    func connectToServer() -> HTTPStream? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0, note(descriptor) else { return nil }
        var address = server
        let isConnected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                connect(descriptor, generic, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        let stream = HTTPStream(descriptor)
        guard isConnected else {
            forget(stream)
            return nil
        }
        return stream
    }

    /// Closes a connection.
    func forget(_ stream: HTTPStream) {
        state.withLock { state in
            state.sockets.remove(stream.descriptor)
            // It ends, whoever else has it.
            shutdown(stream.descriptor, Int32(SHUT_RDWR))
            // With the lock: nobody is to shut down what has this number next.
            close(stream.descriptor)
        }
    }

    // MARK: Inside

    /// - Returns: false: it has ended; the socket is closed.
    private func note(_ descriptor: Int32) -> Bool {
        state.withLock { state in
            if state.isEnded {
                close(descriptor)
                return false
            }
            state.sockets.insert(descriptor)
            return true
        }
    }

    private func serve() {
        while !releases.isEnded {
            let descriptor = accept(listener, nil, nil)
            if descriptor < 0 {
                // No descriptor is free: one will be.
                if errno == EMFILE || errno == ENFILE { usleep(10_000) }
                continue
            }
            // Not at once: a child that is started now has it too.
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            guard note(descriptor) else { break }
            state.withLock { $0.connections += 1 }
            OwnThread.start("proxied") { [self] in
                FaultProxyConnection(HTTPStream(descriptor), of: self).run()
                state.withLock { $0.connections -= 1 }
            }.detach()
        }
        close(listener)
    }
}
