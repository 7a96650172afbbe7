import Persist
import PersistTestKit
import Testing

@testable import S3Adapter

/// What is compared with what, where a server answers as it is told to.
@Suite("Sums of contents")
struct ContentCheckTests {
    private static let other = "0123456789abcdef0123456789abcdef"
    /// MD5 of "hi".
    private static let own = "49f68a5c8493ec2c0bf489821c21fc3b"

    @Test("an ETag that is no MD5 sum is not held against a value that comes twice")
    func foreignETags() async throws {
        try await Self.with([Self.answer("hi", etag: Self.other), Self.answer("hi", etag: Self.other)]) {
            adapter throws in
            #expect(try await adapter.get("kv/a") == bytes("hi"))
        }
    }

    @Test("a value that is not what its ETag says is asked for again")
    func again() async throws {
        try await Self.with([Self.answer("hj", etag: Self.own), Self.answer("hi", etag: Self.own)]) { adapter throws in
            #expect(try await adapter.get("kv/a") == bytes("hi"))
        }
    }

    @Test("a value that is never what its ETag says, of a server whose ETags are sums, is an error in words")
    func never() async throws {
        let wrong = Self.answer("hj", etag: Self.own)
        try await Self.with([Self.answer("hi", etag: Self.own), wrong, wrong, wrong]) { adapter throws in
            #expect(try await adapter.get("kv/a") == bytes("hi"))
            let error = await storeError { try await adapter.get("kv/a") }
            #expect(error?.kind == .io && error?.hint?.contains("damaged") == true, "\(String(describing: error))")
        }
    }

    @Test("no sum is expected of parts, and of what is encrypted with keys of KMS or the caller's own")
    func noSums() async throws {
        let answers = [
            Self.answer("hi", etag: Self.other + "-2"), Self.answer("hi", etag: "W/strange"),
            Self.answer("hi", etag: Self.other, "x-amz-server-side-encryption: aws:kms"),
            Self.answer("hi", etag: Self.other, "x-amz-server-side-encryption-customer-algorithm: AES256"),
        ]
        try await Self.with([Self.answer("hi", etag: Self.own)] + answers) { adapter throws in
            for _ in 0...answers.count { #expect(try await adapter.get("kv/a") == bytes("hi")) }
        }
    }

    @Test("a sum in a header counts more than the ETag")
    func headers() async throws {
        let sum = Hashing.base64(CyclicSum.crc64nvme.bytes(of: bytes("hi")))
        let header = "x-amz-checksum-crc64nvme: \(sum)"
        let wrong = Self.answer("hj", etag: Self.own, header)
        try await Self.with([Self.answer("hi", etag: Self.other, header), wrong, wrong, wrong]) { adapter throws in
            #expect(try await adapter.get("kv/a") == bytes("hi"))
            #expect(await storeError { try await adapter.get("kv/a") }?.kind == .io)
        }
    }

    @Test("a put whose ETag is no MD5 sum has succeeded where the value is there")
    func foreignPut() async throws {
        let put = Self.answer("", etag: Self.other)
        try await Self.with([put, Self.answer("hi", etag: Self.other), put]) { adapter in
            try await adapter.put("kv/a", bytes("hi"))
            // That is known from now on.
            try await adapter.put("kv/a", bytes("hi"))
        }
    }

    @Test("a put that has left another value there is put again, and fails in words where that never helps")
    func damagedPut() async throws {
        let damaged =
            [Self.answer("", etag: Self.other)] + Array(repeating: Self.answer("hj", etag: Self.other), count: 3)
        try await Self.with(damaged + [Self.answer("", etag: Self.own)]) { try await $0.put("kv/a", bytes("hi")) }
        try await Self.with(damaged + damaged + damaged) { adapter in
            let error = await storeError { try await adapter.put("kv/a", bytes("hi")) }
            #expect(
                error?.kind == .io && error?.hint?.contains("than was sent") == true, "\(String(describing: error))")
        }
    }

    @Test("sums are those that everybody has")
    func knownSums() throws {
        let text = bytes("123456789")
        #expect(Hashing.hex(CyclicSum.crc32.bytes(of: text)) == "cbf43926")
        #expect(Hashing.hex(CyclicSum.crc32c.bytes(of: text)) == "e3069283")
        #expect(Hashing.hex(CyclicSum.crc64nvme.bytes(of: text)) == "ae8b14860a799888")
        #expect(Hashing.md5(bytes("hi")).map(Hashing.hex) == Self.own)
        for (text, base64) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            #expect(Hashing.base64(bytes(text)) == base64)
        }
    }

    /// An adapter of a server that gives these answers one after another, and no others.
    private static func with(_ answers: [String], _ body: (S3Adapter) async throws -> Void) async throws {
        let listener = try LoopbackListener()
        var options = S3Options(bucket: "b", region: "us-east-1")
        options.endpoint = listener.endpoint
        options.credentials = Credentials(accessKeyID: "a", secretAccessKey: "b")
        let adapter = try S3Adapter(options) { print($0) }
        let answering = Task.detached { await listener.answer(answers) }
        try await body(adapter)
        #expect(await answering.value == answers.count)
        await adapter.close()
    }

    private static func answer(_ body: String, etag: String, _ header: String = "x-nothing: 0") -> String {
        """
        HTTP/1.1 200 OK\r\nETag: "\(etag)"\r\nContent-Length: \(body.utf8.count)\r\n\(header)\r\n\
        Connection: close\r\n\r\n\(body)
        """
    }
}
