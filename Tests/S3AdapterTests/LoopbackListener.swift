import Glibc
import Linux
import PersistTestKit

/// A server that takes connections, and answers nothing or one thing.
final class LoopbackListener: Sendable {
    let port: UInt16
    private let descriptor: Int32

    /// - Parameter port: 0: any.
    init(port: UInt16 = 0) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw HarnessError("socket") }
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                bind(descriptor, generic, length) == 0 && listen(descriptor, 128) == 0
                    && getsockname(descriptor, generic, &length) == 0
            }
        }
        guard isListening else { throw HarnessError("no port to listen on") }
        self.port = UInt16(bigEndian: address.sin_port)
    }

    deinit { close(descriptor) }

    var endpoint: String { "http://127.0.0.1:\(port)" }

    /// How many connections have come since the last time; each is closed.
    func takeAll() -> Int {
        var count = 0
        while isReady(milliseconds: 0) {
            close(accept(descriptor, nil, nil))
            count += 1
        }
        return count
    }

    /// The next connection's request gets this answer. - Returns: false: none has come.
    func answer(_ text: String) -> Bool {
        guard isReady(milliseconds: 10_000) else { return false }
        let connection = accept(descriptor, nil, nil)
        defer { close(connection) }
        var request = [UInt8](repeating: 0, count: 64 << 10)
        let bytes = Array(text.utf8)
        return read(connection, &request, request.count) > 0 && write(connection, bytes, bytes.count) == bytes.count
    }

    /// The same on a thread of its own: those of tasks may all be taken by other tests.
    func answering(_ text: String) -> Task<Bool, Never> {
        let (answers, giver) = AsyncStream.makeStream(of: Bool.self)
        OwnThread.start("listener") { [self] in
            giver.yield(answer(text))
            giver.finish()
        }.detach()
        return Task {
            for await isDone in answers { return isDone }
            return false
        }
    }

    /// The same for one connection after another, on a thread that may wait. - Returns: how many have come.
    func answer(_ texts: [String]) async -> Int {
        await withCheckedContinuation { continuation in
            OwnThread.start("listener") { [self] in
                // In their order: who gets none asks no more.
                continuation.resume(returning: texts.prefix { answer($0) }.count)
            }.detach()
        }
    }

    /// So many requests, one a connection. - Returns: what was asked; fewer where no more came in ten seconds.
    func serving(_ count: Int, _ answer: @escaping @Sendable (String) -> String) -> Task<[String], Never> {
        let (asked, giver) = AsyncStream.makeStream(of: String.self)
        OwnThread.start("listener") { [self] in
            defer { giver.finish() }
            for _ in 0..<count where isReady(milliseconds: 10_000) {
                let connection = accept(descriptor, nil, nil)
                defer { close(connection) }
                var bytes = [UInt8](repeating: 0, count: 64 << 10)
                let length = read(connection, &bytes, bytes.count)
                guard length > 0 else { continue }
                let request = String(decoding: bytes[..<length], as: UTF8.self)
                let text = Array(answer(request).utf8)
                _ = write(connection, text, text.count)
                giver.yield(request)
            }
        }.detach()
        return Task { await asked.reduce(into: [String]()) { $0.append($1) } }
    }

    /// Whether a connection has come that nobody has answered, or comes soon.
    func isReady(milliseconds: Int32) -> Bool {
        var place = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&place, 1, milliseconds) == 1
    }
}
