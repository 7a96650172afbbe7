import Persist
import PersistTestKit
import S3Adapter
import Synchronization
import Testing

/// Real servers behind a proxy that harms what goes through it.
@Suite("S3 with faults")
struct FaultTests {
    /// What may happen to any request, and to one in four here.
    enum Harm: String, CaseIterable {
        case cutBefore, cutAfter, slowDown, internalError, tooManyRequests, truncated, stalled, flipped, flippedSent

        fileprivate var fault: FaultProxy.Fault {
            switch self {
            case .cutBefore: .cutBefore
            case .cutAfter: .cutAfter
            case .slowDown: .refused(.slowDown)
            case .internalError: .refused(.internalError)
            case .tooManyRequests: .refused(.tooManyRequests)
            case .truncated: .truncated
            case .stalled: .stalled
            case .flipped: .flipped
            case .flippedSent: .flippedSent
            }
        }
    }

    @Test(
        "whatever happens to requests, results are right or errors, and no byte is wrong", arguments: Harm.allCases,
        S3Server.Kind.allCases)
    func mix(harm: Harm, kind: S3Server.Kind) async throws {
        var random = Seeded("\(harm) \(kind)")
        let seeded = FaultProxy.SeededRule(seed: random.next(), rate: harm == .flipped ? 0.6 : 0.25, [harm.fault])
        try await FaultyBucket.with(kind) { adapter, proxy in
            proxy.rule = { request in
                // Listings, parts and refusals have no sums: only TLS keeps those whole.
                let hasSum = harm == .flipped ? request.kind == .get && !request.isRanged : true
                return hasSum ? seeded.fault(for: request) : nil
            }
            let releasing = Task.detached {
                while (try? await Task.sleep(for: .milliseconds(20))) != nil { proxy.release() }
            }
            defer { releasing.cancel() }
            let seeds = (0..<4).map { _ in random.next() }
            try await withThrowingTaskGroup(of: FaultyClient.self) { group in
                for (number, seed) in seeds.enumerated() {
                    group.addTask {
                        var client = FaultyClient(adapter, number, seed: seed, putsConditionally: kind.keepsConditions)
                        try await client.run(steps: 15)
                        return client
                    }
                }
                for try await var client in group {
                    if harm != .flipped, harm != .flippedSent {
                        #expect(client.errorKinds.isSubset(of: [.timedOut]), "\(client.errorKinds)")
                    }
                    proxy.rule = nil
                    try await client.settle()
                }
            }
            #expect(proxy.counts.faults[harm.fault, default: 0] > 0)
            // Beside those of the adapter there are libcurl's own: what fails on a connection that was kept, before
            // anything has come back, it sends on another one.
            let asked = adapter.requests
            let count = asked.gets + asked.puts + asked.deletes + asked.lists + asked.heads
            #expect(proxy.counts.requests <= 2 * count)
        }
    }

    @Test(
        "a server that stays busy is given up after a few tries, with its own words", arguments: S3Server.Kind.allCases)
    func busy(kind: S3Server.Kind) async throws {
        try await FaultyBucket.with(kind) { adapter, proxy in
            for refusal in [FaultProxy.Refusal.slowDown, .internalError, .tooManyRequests] {
                proxy.rule = { _ in .refused(refusal) }
                proxy.forget()
                let error = await storeError { try await adapter.put("kv/a", [1]) }
                #expect(error?.kind == .timedOut, "\(String(describing: error))")
                #expect(error?.hint?.contains(refusal.code) == true, "\(String(describing: error))")
                #expect(error?.hint?.contains(refusal.message) == true, "\(String(describing: error))")
                #expect(proxy.counts[.put].requests == 4)
                #expect(await storeError { try await adapter.get("kv/a") }?.kind == .timedOut)
                #expect(proxy.counts[.get].requests == 4)
            }
            proxy.rule = nil
            try await adapter.put("kv/a", [2])
            #expect(try await adapter.get("kv/a") == [2])
        }
    }

    @Test(
        "connections that are cut are tried again a few times only", arguments: [FaultProxy.Fault.cutBefore, .cutAfter])
    func cut(fault: FaultProxy.Fault) async throws {
        try await FaultyBucket.with(.seaweedfs) { adapter, proxy in
            try await adapter.put("kv/a", [1])
            proxy.rule = { _ in fault }
            proxy.forget()
            #expect(await storeError { try await adapter.get("kv/a") }?.kind == .timedOut)
            #expect((1...8).contains(proxy.counts[.get].requests), "\(proxy.counts[.get].requests)")
            #expect(await storeError { try await adapter.put("kv/a", [2]) }?.kind == .timedOut)
            #expect((1...4).contains(proxy.counts[.put].requests), "\(proxy.counts[.put].requests)")
        }
    }

    @Test("R10 a conditional put whose answer is lost is done once, or meets its own value")
    func lostAnswer() async throws {
        try await FaultyBucket.with(.seaweedfs) { adapter, proxy in
            var revision: Revision?
            _ = try await adapter.put("kv/first", [0], replacing: nil)
            for round in UInt8(1)...4 {
                let isDue = Mutex(true)
                proxy.rule = { request in
                    isDue.withLock { isDue in
                        guard request.kind == .put, isDue else { return nil }
                        isDue = false
                        return .cutAfter
                    }
                }
                do {
                    _ = try await adapter.put("kv/a", [round], replacing: revision)
                } catch is RevisionConflict {
                } catch let error as StoreError { #expect(error.kind == .timedOut, "\(error)") }
                proxy.rule = nil
                let found = try #require(try await adapter.getRevised("kv/a"))
                #expect(found.value == [round])
                // Somebody who has what was before puts nothing over it.
                await #expect(throws: RevisionConflict.self) {
                    try await adapter.put("kv/a", [99], replacing: revision)
                }
                revision = found.revision
            }
            #expect(try await adapter.get("kv/a") == [4])
        }
    }

    @Test("a put that is given up under way ends there, and is not sent again: what was removed does not come back")
    func givenUp() async throws {
        try await FaultyBucket.with(.seaweedfs) { adapter, proxy in
            proxy.rule = { $0.kind == .put ? .stalled : nil }
            // More than finds room on the way.
            let value = [UInt8](repeating: 1, count: 24 << 20)
            let put = Task.detached { await storeError { try await adapter.put("kv/a", value) } }
            try await eventually("it stalls") { proxy.counts.underWay == 1 }
            put.cancel()
            #expect(await put.value?.kind == .interrupted)
            proxy.rule = nil
            proxy.release()
            try await eventually("nothing is under way") { proxy.counts.underWay == 0 }
            #expect(try await adapter.get("kv/a") == nil)
            #expect(proxy.counts[.put].requests == 1)
        }
    }

    @Test("a request that stalls is answered when the server does; what never comes ends with the connection")
    func stalls() async throws {
        try await FaultyBucket.with(.seaweedfs) { adapter, proxy in
            try await adapter.put("kv/a", [7])
            proxy.rule = { $0.kind == .get ? .stalled : nil }
            let gets = (0..<8).map { _ in Task.detached { try await adapter.get("kv/a") } }
            // All at once: none waits for another.
            try await eventually("8 requests stall") { proxy.counts.underWay == 8 }
            // And others go on meanwhile.
            try await adapter.put("kv/b", [8])
            proxy.release()
            for get in gets { #expect(try await get.value == [7]) }

            let never = Task.detached { await storeError { try await adapter.get("kv/a") } }
            try await eventually("it stalls") { proxy.counts.underWay == 1 }
            proxy.end()
            #expect(await never.value?.kind == .timedOut)
        }
    }
}

/// What `body` fails with, where that is a StoreError; everything else is recorded.
func storeError(_ body: () async throws -> some Any) async -> StoreError? {
    do {
        _ = try await body()
        Issue.record("no error")
    } catch let error as StoreError {
        return error
    } catch { Issue.record(error) }
    return nil
}

enum FaultyBucket {
    /// An adapter with a prefix of its own, all of whose requests go through a proxy that does nothing yet.
    static func with(
        _ kind: S3Server.Kind, _ body: (S3Adapter, FaultProxy) async throws -> Void
    ) async throws {
        try await TestBucket.with(kind) { _ in }
        var options = try await TestBucket.options(kind)
        let proxy = try FaultProxy(before: options.endpoint!)
        defer { proxy.end() }
        options.endpoint = proxy.endpoint
        let adapter = try S3Adapter(options) { print($0) }
        do {
            try await body(adapter, proxy)
        } catch {
            await adapter.close()
            throw error
        }
        await adapter.close()
    }
}
