import Persist
import PersistTestKit
import Testing

@testable import S3Adapter

/// Through real servers.
@Suite("S3 servers", .serialized)
struct ServerTests {
    @Test("an adapter over a bucket keeps the contract", arguments: S3Server.Kind.allCases, AdapterCheck.all)
    func contract(kind: S3Server.Kind, check: AdapterCheck) async throws {
        try await run(check, on: kind)
    }

    @Test(
        "it lists keys, deletes revisions and reads ranges", arguments: S3Server.Kind.allCases,
        AdapterCheck.keyListing + AdapterCheck.revisedDeleting + AdapterCheck.rangedReading)
    func capabilities(kind: S3Server.Kind, check: AdapterCheck) async throws {
        try await run(check, on: kind)
    }

    @Test("it puts on conditions, where the server keeps them", arguments: AdapterCheck.conditional)
    func conditions(check: AdapterCheck) async throws {
        try await run(check, on: .seaweedfs)
    }

    @Test("attributes lie with the object", arguments: S3Server.Kind.allCases, AdapterCheck.attributed)
    func attributes(kind: S3Server.Kind, check: AdapterCheck) async throws {
        try await run(check, on: kind)
    }

    @Test("long values go in parts", arguments: S3Server.Kind.allCases, AdapterCheck.parted + AdapterCheck.copying)
    func parts(kind: S3Server.Kind, check: AdapterCheck) async throws {
        try await run(check, on: kind)
    }

    @Test("parts become a value on conditions", arguments: AdapterCheck.partedConditions)
    func partsOnConditions(check: AdapterCheck) async throws {
        try await run(check, on: .seaweedfs)
    }

    @Test("they are set on conditions", arguments: AdapterCheck.attributedConditions)
    func attributesOnConditions(check: AdapterCheck) async throws {
        try await run(check, on: .seaweedfs)
    }

    @Test(
        "two names are never one object: the server keeps them apart, or refuses one", arguments: S3Server.Kind.allCases
    )
    func names(kind: S3Server.Kind) async throws {
        try await TestBucket.with(kind) { adapter in
            for (odd, plain) in [
                ("blobs/n//x", "blobs/n/x"), ("blobs/n\\y", "blobs/n/y"), ("records/n//z", "records/n/z"),
            ] {
                let (odd, plain) = (StoreKey(Array(odd.utf8)), StoreKey(Array(plain.utf8)))
                try await adapter.put(plain, [1])
                do {
                    try await adapter.put(odd, [2])
                    #expect(try await adapter.get(odd) == [2])
                    try await adapter.delete(odd)
                } catch let error as StoreError { #expect(error.kind == .invalid && error.hint != nil, "\(error)") }
                #expect(try await adapter.get(plain) == [1], "\(odd)")
            }
            // Nothing is left of what it tried.
            let left = try await adapter.service.send(
                ListPage.request(adapter.keys.names, from: nil, after: nil), about: nil)
            guard case .done(let response) = left else { throw StoreError(.io) }
            #expect(try ListPage(response.body).objects.isEmpty)
        }
    }

    @Test("an upload that a probe which was killed has left open is abandoned by the next; two at once both find out")
    func probeLeft() async throws {
        try await TestBucket.with(.seaweedfs) { adapter in
            let uploads = OpenUploads(service: adapter.service, name: adapter.keys.probe, key: nil)
            var request = S3Request("POST", adapter.keys.probe)
            request.query = [("uploads", "")]
            for _ in 0..<2 { _ = try await adapter.service.send(request, about: nil) }
            #expect(try await uploads.list().count == 2)
            #expect(try await adapter.conditions.areKeptOfParts())
            #expect(try await uploads.list().isEmpty)
            for _ in 0..<3 {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<2 {
                        group.addTask {
                            let probe = ConditionProbe(adapter.service, key: adapter.keys.probe)
                            try await eventually("it finds out") {
                                do {
                                    return try await probe.areKeptOfParts()
                                } catch let error as StoreError where error.isTransient { return false }
                            }
                        }
                    }
                    try await group.waitForAll()
                }
            }
            #expect(try await uploads.list().isEmpty)
        }
    }

    @Test("R10 whether a server keeps conditions is found out by the first put, and nothing is overwritten meanwhile")
    func probe() async throws {
        for kind in S3Server.Kind.allCases {
            try await TestBucket.with(kind) { adapter in
                #expect(adapter.keepsConditions == nil)
                try await adapter.put("kv/a", [1])
                do {
                    _ = try await adapter.put("kv/a", [2], replacing: nil)
                    Issue.record("a put over nothing has replaced something")
                } catch is RevisionConflict {
                    #expect(kind.keepsConditions)
                } catch let error as StoreError {
                    #expect(error.kind == .unsupported && !kind.keepsConditions)
                }
                #expect(adapter.keepsConditions == kind.keepsConditions)
                #expect(try await adapter.get("kv/a") == [1])
                // What it was tried with is no key.
                #expect(try await TestBucket.keys(adapter, "") == ["kv/a"])
            }
        }
    }

    private func run(_ check: AdapterCheck, on kind: S3Server.Kind) async throws {
        try await check.run(on: kind) { body in try await TestBucket.with(kind) { try await body($0) } }
    }
}

/// The same servers as far away as another city: all checks at once, since each waits most of the time.
@Suite("S3 servers, 50 ms away")
struct DistantServerTests {
    @Test(
        "an adapter over a bucket keeps the contract", arguments: S3Server.Kind.allCases,
        AdapterCheck.all + AdapterCheck.keyListing + AdapterCheck.revisedDeleting + AdapterCheck.rangedReading
            + AdapterCheck.attributed)
    func contract(kind: S3Server.Kind, check: AdapterCheck) async throws { try await run(check, on: kind) }

    @Test("it puts on conditions", arguments: AdapterCheck.conditional + AdapterCheck.attributedConditions)
    func conditions(check: AdapterCheck) async throws { try await run(check, on: .seaweedfs) }

    private func run(_ check: AdapterCheck, on kind: S3Server.Kind) async throws {
        try await check.run(on: kind) { body in
            try await FaultyBucket.with(kind) { adapter, proxy in
                proxy.latency = .milliseconds(50)
                try await body(adapter)
            }
        }
    }
}

extension AdapterCheck {
    /// What a server cannot do is known, and found out anew each time: where it can some day, the test fails.
    fileprivate func run(
        on kind: S3Server.Kind, _ with: ((S3Adapter) async throws -> Void) async throws -> Void
    ) async throws {
        func body() async throws { try await with { adapter in try await self.run { adapter } } }
        guard let words = kind.cannot.first(where: { name.hasPrefix($0.key) })?.value else { return try await body() }
        await withKnownIssue("\(kind): \(words)") { try await body() }
    }
}

extension S3Server.Kind {
    /// If-Match and If-None-Match of a put.
    var keepsConditions: Bool { self == .seaweedfs }

    /// By the first words of a rule.
    fileprivate var cannot: [String: String] {
        switch self {
        case .seaweedfs: ["the characters of patterns": "takes a \\ in a name for a /"]
        case .juicefs:
            [
                "a key and its prefix": "a name is a file or a directory",
                "a listing of keys has": "a name is a file or a directory",
            ]
        }
    }
}

enum TestBucket {
    static func options(_ kind: S3Server.Kind) async throws -> S3Options {
        var options = S3Options(bucket: S3Server.bucket, region: "us-east-1")
        options.endpoint = try await S3Server.shared(kind).endpoint
        options.prefix = S3Server.freshPrefix()
        options.credentials = Credentials(
            accessKeyID: S3Server.accessKeyID, secretAccessKey: S3Server.secretAccessKey)
        return options
    }

    /// An adapter with a prefix that nobody else uses; the bucket is made where it is not there.
    static func with(_ kind: S3Server.Kind, _ body: (S3Adapter) async throws -> Void) async throws {
        let adapter = try S3Adapter(try await options(kind)) { print($0) }
        do {
            try await adapter.makeBucket()
            try await body(adapter)
        } catch {
            await adapter.close()
            throw error
        }
        await adapter.close()
    }

    static func keys(_ adapter: S3Adapter, _ prefix: StoreKey) async throws -> [StoreKey] {
        var keys: [StoreKey] = []
        for try await entry in try await adapter.listKeys(prefix) { keys.append(entry.key) }
        return keys
    }
}
