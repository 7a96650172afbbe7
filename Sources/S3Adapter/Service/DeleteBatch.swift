internal import Persist
internal import Synchronization

/// Deletes of objects that come within a moment of each other, in one request (DeleteObjects).
///
/// S3 deletes what is there, whatever it is: where only a certain revision is to go, a listing shows first whether it is
/// still that one.
final class DeleteBatch: Sendable {
    private struct Item {
        let name: [UInt8]
        /// nil: whatever is there.
        let revision: Revision?
        let since = ContinuousClock.now
        let done: CheckedContinuation<Result<Bool, StoreError>, Never>
    }

    private struct State {
        var waiting: [Item] = []
        var isRunning = false
    }

    private let service: S3Service
    private let state = Mutex(State())

    private static let gathers = Duration.milliseconds(10)
    /// S3 takes no more.
    private static let most = 1_000
    private static let headsMax = 16
    /// What could not be begun so soon is not done: whoever asked may have put something else there by then.
    private static let patience = Duration.seconds(20)

    init(_ service: S3Service) { self.service = service }

    /// - Returns: false: it is another one, or none.
    func delete(_ name: [UInt8], having revision: Revision?) async throws(StoreError) -> Bool {
        let result = await withCheckedContinuation { done in
            let begins = state.withLock { state in
                state.waiting.append(Item(name: name, revision: revision, done: done))
                defer { state.isRunning = true }
                return !state.isRunning
            }
            if begins { Task.detached { await self.run() } }
        }
        return try result.get()
    }

    private func run() async {
        while true {
            try? await Task.sleep(for: Self.gathers)
            let items = state.withLock { state in
                let items = Array(state.waiting.prefix(Self.most))
                state.waiting.removeFirst(items.count)
                state.isRunning = !items.isEmpty
                return items
            }
            if items.isEmpty { return }
            // The next ones gather meanwhile.
            Task.detached { await self.delete(items) }
        }
    }

    private func delete(_ items: [Item]) async {
        let deadline = (items.map(\.since).min() ?? .now) + Self.patience
        let there: There
        do throws(StoreError) {
            there = try await revisions(of: items.compactMap { $0.revision == nil ? nil : $0.name })
        } catch {
            for item in items { item.done.resume(returning: .failure(error)) }
            return
        }
        var names: Set<[UInt8]> = []
        for item in items where item.revision == nil || there.revisions[item.name] == item.revision {
            names.insert(item.name)
        }
        let failures = await remove(names, until: deadline).merging(there.failures) { $1 }
        for item in items {
            let failure = failures[item.name].map { Result<Bool, StoreError>.failure($0) }
            item.done.resume(returning: failure ?? .success(names.contains(item.name)))
        }
    }

    // MARK: What is there

    private struct There {
        var revisions: [[UInt8]: Revision] = [:]
        /// Of those that could not be asked for.
        var failures: [[UInt8]: StoreError] = [:]
    }

    /// One listing shows what lies together; of the rest each is asked for.
    private func revisions(of names: [[UInt8]]) async throws(StoreError) -> There {
        var wanted = Set(names)
        var found = There()
        if let first = wanted.min(by: { $0.lexicographicallyPrecedes($1) }), wanted.count > 1 {
            let prefix = wanted.reduce(first) { Self.common($0, $1) }
            var (token, pages) = (String?.none, 1 + wanted.count / 8)
            repeat {
                // From where the first of them is on.
                let request = ListPage.request(prefix, from: token, after: Self.before(first, under: prefix))
                guard case .done(let response) = try await service.send(request, about: nil) else { break }
                let page = try ListPage(response.body)
                for object in page.objects where wanted.remove(object.name) != nil {
                    found.revisions[object.name] = object.revision
                }
                (token, pages) = (page.next, pages - 1)
            } while token != nil && !wanted.isEmpty && pages > 0
        }
        let rest = Array(wanted)
        let asked = try? await rest.concurrentMap(most: Self.headsMax) { [self] name in
            await Result { () async throws(StoreError) in try await revision(of: name) }
        }
        for (name, answer) in zip(rest, asked ?? []) {
            switch answer {
            case .success(let revision): found.revisions[name] = revision
            case .failure(let error): found.failures[name] = error
            }
        }
        return found
    }

    private func revision(of name: [UInt8]) async throws(StoreError) -> Revision? {
        switch try await service.send(S3Request("HEAD", name), about: nil) {
        case .done(let response): return Revision(etag: response.headers["etag"] ?? "")
        case .refused(let refusal) where refusal.status == 404: return nil
        case .refused(let refusal): throw refusal.error(nil, bucket: service.endpoint.bucket)
        }
    }

    /// Whole characters: names are UTF-8.
    private static func common(_ one: [UInt8], _ other: [UInt8]) -> [UInt8] {
        var common = Array(zip(one, other).prefix { $0 == $1 }.map(\.0))
        while let last = common.last, last >= 0x80 { common.removeLast() }
        return common
    }

    /// What comes before a name, and behind its prefix alone: listings begin behind what they are given.
    private static func before(_ name: [UInt8], under prefix: [UInt8]) -> [UInt8]? {
        var before = name
        while let last = before.popLast(), last & 0xC0 == 0x80 {}
        return before.count > prefix.count ? before : nil
    }

    // MARK: Deleting

    /// - Returns: those that are there still, and why.
    private func remove(
        _ names: Set<[UInt8]>, until deadline: ContinuousClock.Instant
    ) async -> [[UInt8]: StoreError] {
        var (listed, alone): ([[UInt8]], [[UInt8]]) = ([], [])
        for name in names {
            if names.count > 1, Self.canBeListed(name) { listed.append(name) } else { alone.append(name) }
        }
        var failures: [[UInt8]: StoreError] = [:]
        if !listed.isEmpty {
            do throws(StoreError) {
                if let some = try await removeListed(listed, until: deadline) {
                    failures = some
                } else {
                    alone += listed
                }
            } catch { for name in listed { failures[name] = error } }
        }
        let single = try? await alone.concurrentMap(most: Self.headsMax) { [self] in await remove($0, until: deadline) }
        for (name, failure) in zip(alone, single ?? []) { failures[name] = failure }
        return failures
    }

    private func remove(_ name: [UInt8], until deadline: ContinuousClock.Instant) async -> StoreError? {
        var request = S3Request("DELETE", name)
        request.deadline = deadline
        do throws(StoreError) {
            guard case .refused(let refusal) = try await service.send(request, about: nil),
                !refusal.isMissingKey
            else { return nil }
            return refusal.error(nil, bucket: service.endpoint.bucket)
        } catch { return error }
    }

    /// - Returns: nil: the server cannot do it.
    private func removeListed(
        _ names: [[UInt8]], until deadline: ContinuousClock.Instant
    ) async throws(StoreError) -> [[UInt8]: StoreError]? {
        var request = S3Request("POST", nil)
        request.deadline = deadline
        request.query = [("delete", "")]
        request.body =
            Array("<Delete><Quiet>true</Quiet>".utf8)
            + names.flatMap { Array("<Object><Key>".utf8) + Self.escaped($0) + Array("</Key></Object>".utf8) }
            + Array("</Delete>".utf8)
        request.headers = [("content-type", "application/xml")]
        // AWS takes no list without; there may be none in a FIPS mode.
        guard let md5 = Hashing.md5(request.body) else { return nil }
        request.headers.append(("content-md5", Hashing.base64(md5)))
        switch try await service.send(request, about: nil) {
        case .done(let response):
            var failures: [[UInt8]: StoreError] = [:]
            let result = try XMLReader.read(response.body)
            // A failure on the way has status 200 too.
            guard result.name == "DeleteResult" else { return nil }
            for element in result.all("Error") {
                let refusal = S3Refusal(
                    status: 0, code: element["Code"]?.string ?? "", message: element["Message"]?.string ?? "")
                guard refusal.code != "NoSuchKey" else { continue }
                // One that names no object is of all of them.
                for name in element["Key"].map({ [$0.text] }) ?? names {
                    failures[name] = refusal.error(nil, bucket: service.endpoint.bucket)
                }
            }
            return failures
        // Whatever it is in the list that it does not understand: one by one.
        case .refused(let refusal)
        where ![401, 403].contains(refusal.status) && refusal.code != "NoSuchBucket":
            return nil
        case .refused(let refusal): throw refusal.error(nil, bucket: service.endpoint.bucket)
        }
    }

    /// XML has no way to write the others.
    private static func canBeListed(_ name: [UInt8]) -> Bool {
        name.allSatisfy { $0 >= 0x20 || [0x09, 0x0A, 0x0D].contains($0) }
    }

    private static func escaped(_ name: [UInt8]) -> [UInt8] {
        name.flatMap { byte -> [UInt8] in
            switch byte {
            case UInt8(ascii: "&"): Array("&amp;".utf8)
            case UInt8(ascii: "<"): Array("&lt;".utf8)
            case UInt8(ascii: ">"): Array("&gt;".utf8)
            case 0..<0x20: Array("&#\(byte);".utf8)
            default: [byte]
            }
        }
    }
}
