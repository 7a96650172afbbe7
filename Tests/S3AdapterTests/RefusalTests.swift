import Persist
import PersistTestKit
import Synchronization
import Testing

@testable import S3Adapter

/// What a server, or something before it, refuses for a moment, and in words that are not those of others.
@Suite("Refusals of S3")
struct RefusalTests {
    private static func adapter(_ listener: LoopbackListener) throws -> S3Adapter {
        var options = S3Options(bucket: "b", region: "us-east-1")
        options.endpoint = listener.endpoint
        options.credentials = Credentials(accessKeyID: "a", secretAccessKey: "b")
        return try S3Adapter(options) { print($0) }
    }

    private static func http(_ body: String, status: String = "200 OK", headers: String = "") -> String {
        "HTTP/1.1 \(status)\r\n\(headers)Content-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n\(body)"
    }

    /// Of a server in 2099, which takes signatures of its own year alone.
    private static func laterServer(_ request: String) -> String {
        let date = "Date: Thu, 01 Jan 2099 00:00:00 GMT\r\n"
        if request.lowercased().contains("x-amz-date: 2099") { return http("hi", headers: date + "ETag: \"1\"\r\n") }
        let words = "<Error><Code>RequestTimeTooSkewed</Code></Error>"
        return http(request.hasPrefix("HEAD") ? "" : words, status: "403 Forbidden", headers: date)
    }

    @Test("a clock that is wrong is allowed for in each request that was signed by it")
    func skew() async throws {
        let listener = try LoopbackListener()
        let adapter = try Self.adapter(listener)
        let count = Mutex(0)
        let requests = listener.serving(4) { request in
            let isFirst = count.withLock { count in
                count += 1
                return count == 1
            }
            // The other one has been signed too.
            if isFirst { #expect(listener.isReady(milliseconds: 10_000)) }
            return Self.laterServer(request)
        }
        async let first = adapter.get("kv/a")
        async let second = adapter.get("kv/b")
        let found = try await [first, second]
        #expect(found == [Array("hi".utf8), Array("hi".utf8)])
        #expect(await requests.value.count == 4)
        await adapter.close()
    }

    @Test("the same where the refusal has no words")
    func skewOfHead() async throws {
        let listener = try LoopbackListener()
        let adapter = try Self.adapter(listener)
        let requests = listener.serving(2) { Self.laterServer($0).replacing("\r\n\r\nhi", with: "\r\n\r\n") }
        guard case .done = try await adapter.service.send(S3Request("HEAD", Array("a".utf8)), about: nil) else {
            Issue.record("it was refused")
            return
        }
        #expect(await requests.value.count == 2)
        await adapter.close()
    }

    @Test(
        "R10 a refusal that passes does not say that conditions are not kept",
        arguments: [(403, "AccessDenied"), (400, "ExpiredToken")], 2...4)
    func passing(refusal: (status: Int, code: String), at place: Int) async throws {
        try await FaultyBucket.with(.seaweedfs) { adapter, proxy in
            let puts = Mutex(0)
            proxy.rule = { request in
                guard request.kind == .put else { return nil }
                let number = puts.withLock { puts in
                    puts += 1
                    return puts
                }
                return number == place ? .refused(.init(refusal.status, refusal.code, "Not now.")) : nil
            }
            #expect(await storeError { try await adapter.conditions.areKept() } != nil)
            #expect(adapter.keepsConditions == nil)
            let areKept = try await adapter.conditions.areKept()
            #expect(areKept)
        }
    }

    @Test("R10 the same where an upload in parts is completed; a server that does not know them is believed")
    func passingOfParts() async throws {
        try await FaultyBucket.with(.seaweedfs) { adapter, proxy in
            for refusal in [FaultProxy.Refusal(403, "AccessDenied", "Not now."), .init(501, "NotImplemented", "No.")] {
                let probe = ConditionProbe(adapter.service, key: adapter.keys.probe)
                proxy.rule = { $0.kind == .complete ? .refused(refusal) : nil }
                if refusal.status == 403 {
                    #expect(await storeError { try await probe.areKeptOfParts() }?.kind == .accessDenied)
                    proxy.rule = nil
                }
                let areKept = try await probe.areKeptOfParts()
                #expect(areKept == (refusal.status == 403))
            }
        }
    }

    @Test("a HEAD that something else has answered with 404 does not say that an object is gone")
    func foreignNotFound() async throws {
        try await FaultyBucket.with(.seaweedfs) { adapter, proxy in
            try await adapter.put("kv/a", [1])
            let revision = try #require(try await adapter.getRevised("kv/a")?.revision)
            proxy.rule = { $0.kind == .head ? .refused(.init(404, "", "")) : nil }
            #expect(try await adapter.delete("kv/a", having: revision))
            proxy.rule = nil
            #expect(try await adapter.get("kv/a") == nil)
            #expect(try await !adapter.delete("kv/a", having: revision))
        }
    }

    @Test("a server that knows no conditions of deletes says so for each object, and is asked without")
    func unknownConditionOfDelete() async throws {
        let listener = try LoopbackListener()
        let adapter = try Self.adapter(listener)
        let names = (0..<20).map { "kv/\($0)" }
        _ = listener.serving(200) { request in
            let object = "<Size>1</Size><ETag>1</ETag>"
            func contents(_ names: [String]) -> String {
                names.map { "<Contents><Key>\($0)</Key>\(object)</Contents>" }.joined()
            }
            if request.hasPrefix("GET /b?") {
                return Self.http("<ListBucketResult>\(contents(names.sorted()))</ListBucketResult>")
            }
            if request.hasPrefix("POST") {
                let errors = names.map { "<Error><Key>\($0)</Key><Code>NotImplemented</Code></Error>" }.joined()
                return Self.http("<DeleteResult>\(errors)</DeleteResult>")
            }
            if request.hasPrefix("HEAD") { return Self.http("", headers: "ETag: \"1\"\r\n") }
            let isConditional = request.lowercased().contains("if-match")
            return Self.http("", status: isConditional ? "501 Not Implemented" : "204 No Content")
        }
        let deleted = try await names.concurrentMap(most: names.count) { name in
            try await adapter.delete(StoreKey(stringLiteral: name), having: Revision(Array("1".utf8)))
        }
        #expect(!deleted.contains(false))
        await adapter.close()
    }

    @Test("a size that no object has is no listing")
    func sizes() throws {
        func page(_ size: String) throws -> [UInt64] {
            let entry = "<Contents><Key>a</Key><Size>\(size)</Size></Contents>"
            return try ListPage(Array("<ListBucketResult>\(entry)</ListBucketResult>".utf8)).objects.map(\.size)
        }
        #expect(try page("5497558138880") == [5 << 40])
        for size in ["9223372036854775808", "18446744073709551615", "-1"] {
            #expect(throws: StoreError.self, "\(size)") { try page(size) }
        }
    }
}
