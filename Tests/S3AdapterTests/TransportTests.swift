import Glibc
import Persist
import PersistTestKit
import S3Adapter
import Synchronization
import Testing

/// Servers that are down, or do not answer.
@Suite("Connections to S3")
struct TransportTests {
    private static func adapter(
        _ endpoint: String, connectionsMax: Int = 32, stallSeconds: Int = 30
    ) throws -> S3Adapter {
        var options = S3Options(bucket: "b", region: "us-east-1")
        options.endpoint = endpoint
        options.credentials = Credentials(accessKeyID: "a", secretAccessKey: "b")
        options.connectionsMax = connectionsMax
        options.stallSeconds = stallSeconds
        return try S3Adapter(options) { print($0) }
    }

    @Test("a server that is down is told of, and used again when it is back")
    func down() async throws {
        var listener: LoopbackListener? = try LoopbackListener()
        let (port, endpoint) = (listener!.port, listener!.endpoint)
        listener = nil
        let adapter = try Self.adapter(endpoint)
        await #expect {
            _ = try await adapter.get("kv/a")
        } throws: {
            ($0 as? StoreError)?.kind == .timedOut
        }
        let back = try LoopbackListener(port: port)
        let answering = back.answering(
            "HTTP/1.1 200 OK\r\nETag: \"1\"\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi")
        #expect(try await adapter.get("kv/a") == Array("hi".utf8))
        #expect(await answering.value)
        await adapter.close()
    }

    @Test("S3 may be silent for long while it puts parts together, and is asked for that once")
    func slowCompletion() async throws {
        let listener = try LoopbackListener()
        let adapter = try Self.adapter(listener.endpoint, stallSeconds: 1)
        let serving = listener.serving(1) { _ in
            sleep(4)
            let text = "<CompleteMultipartUploadResult><ETag>&quot;1-2&quot;</ETag></CompleteMultipartUploadResult>"
            return "HTTP/1.1 200 OK\r\nContent-Length: \(text.utf8.count)\r\nConnection: close\r\n\r\n\(text)"
        }
        let upload = PartedUpload("blobs/a", token: [0x61])
        let parts = [PartReceipt(mark: Array("1".utf8), sum: [])]
        #expect(try await adapter.complete(upload, of: parts, on: .none).revision == Revision(Array("1-2".utf8)))
        #expect(await serving.value.count == 1)
        await adapter.close()
    }

    @Test("a put that S3 does not answer is not sent again by itself")
    func stalledPut() async throws {
        let listener = try LoopbackListener()
        let adapter = try Self.adapter(listener.endpoint, stallSeconds: 1)
        await #expect {
            try await adapter.put("kv/a", [1])
        } throws: {
            ($0 as? StoreError)?.kind == .timedOut
        }
        #expect(listener.takeAll() == 1)
        await adapter.close()
    }

    @Test("64 puts at once use no more connections than they may; close() ends them all")
    func bound() async throws {
        let listener = try LoopbackListener()
        let adapter = try Self.adapter(listener.endpoint, connectionsMax: 4)
        let puts = (0..<64).map { number in
            Task.detached { try await adapter.put(StoreKey(stringLiteral: "kv/\(number)"), [1]) }
        }
        try await eventually("all have been asked for") { adapter.requests.puts == 64 }
        try await Task.sleep(for: .milliseconds(500))
        await adapter.close()
        for put in puts {
            await #expect {
                try await put.value
            } throws: {
                ($0 as? StoreError)?.kind == .interrupted
            }
        }
        #expect(listener.takeAll() == 4)
        await #expect(throws: StoreError.self) { try await adapter.get("kv/a") }
        await adapter.close()
    }

    @Test("requests that are given up end, those that wait for a connection too; others go on, and use what they had")
    func givenUp() async throws {
        let listener = try LoopbackListener()
        let adapter = try Self.adapter(listener.endpoint, connectionsMax: 4)
        let puts = (0..<64).map { number in
            Task.detached { try await adapter.put(StoreKey(stringLiteral: "kv/\(number)"), [1]) }
        }
        try await eventually("all have been asked for") { adapter.requests.puts == 64 }
        for put in puts { put.cancel() }
        for put in puts {
            await #expect {
                try await put.value
            } throws: {
                ($0 as? StoreError)?.kind == .interrupted
            }
        }
        _ = listener.takeAll()
        let answering = listener.answering(
            "HTTP/1.1 200 OK\r\nETag: \"1\"\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi")
        #expect(try await adapter.get("kv/a") == Array("hi".utf8))
        #expect(await answering.value)
        // Who is cancelled before asks for nothing.
        let late = Task.detached {
            withUnsafeCurrentTask { $0?.cancel() }
            return await storeError { try await adapter.get("kv/a") }
        }
        #expect(await late.value?.kind == .interrupted)
        #expect(listener.takeAll() == 0)
        await adapter.close()
    }

    @Test("an upload that was begun to copy an object is abandoned, whoever gives the copy up")
    func givenUpCopy() async throws {
        let listener = try LoopbackListener()
        let adapter = try Self.adapter(listener.endpoint)
        let copying = Mutex<Task<StoreError?, Never>?>(nil)
        let isAbandoned = Mutex(false)
        _ = listener.serving(12) { request in
            func answer(_ status: String, _ body: String, _ headers: String = "") -> String {
                "HTTP/1.1 \(status)\r\n\(headers)Content-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n\(body)"
            }
            switch request.prefix(while: { $0 != "\r\n" }) {
            case "PUT /b/kv/a HTTP/1.1": return answer("400 Bad", "<Error><Code>EntityTooLarge</Code></Error>")
            case "HEAD /b/kv/a HTTP/1.1":
                return "HTTP/1.1 200 OK\r\nETag: \"1\"\r\nContent-Length: 9\r\nConnection: close\r\n\r\n"
            case "POST /b/kv/a?uploads= HTTP/1.1":
                return answer("200 OK", "<R><UploadId>u</UploadId></R>")
            case "PUT /b/kv/a?partNumber=1&uploadId=u HTTP/1.1":
                copying.withLock { $0?.cancel() }
                return answer("200 OK", "<CopyPartResult><ETag>1</ETag></CopyPartResult>")
            case "DELETE /b/kv/a?uploadId=u HTTP/1.1":
                isAbandoned.withLock { $0 = true }
                return answer("204 No Content", "")
            default: return answer("403 Forbidden", "<Error><Code>AccessDenied</Code></Error>")
            }
        }
        copying.withLock {
            $0 = Task.detached {
                await storeError { try await adapter.setAttributes(ValueAttributes(), of: "kv/a", on: .none) }
            }
        }
        _ = await copying.withLock { $0 }?.value
        try await eventually("it is abandoned") { isAbandoned.withLock { $0 } }
        await adapter.close()
    }

    @Test("a 404 of something that is not S3 does not say that there is no object")
    func foreignNotFound() async throws {
        let listener = try LoopbackListener()
        let adapter = try Self.adapter(listener.endpoint)
        let answering = listener.answering(
            "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\nConnection: close\r\n\r\noops")
        await #expect {
            _ = try await adapter.get("kv/a")
        } throws: {
            ($0 as? StoreError)?.kind == .io
        }
        #expect(await answering.value)
        await adapter.close()
    }

    @Test("an answer that is cut off is no value")
    func cut() async throws {
        let listener = try LoopbackListener()
        let adapter = try Self.adapter(listener.endpoint, stallSeconds: 1)
        let answering = listener.answering(
            "HTTP/1.1 200 OK\r\nETag: \"1\"\r\nContent-Length: 20\r\nConnection: close\r\n\r\nhi")
        await #expect {
            _ = try await adapter.get("kv/a")
        } throws: {
            ($0 as? StoreError)?.kind == .timedOut
        }
        #expect(await answering.value)
        await adapter.close()
    }
}
