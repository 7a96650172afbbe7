internal import Persist
internal import Synchronization

/// Deletes of objects that come within a moment of each other, in one request (DeleteObjects).
///
/// Where only a certain revision is to go, a listing shows first whether it is still that one, and the request names its ETag
/// too: AWS deletes nothing then that others have put in between; SeaweedFS, which compares first and deletes then, hardly ever.
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
        /// The server has refused the condition itself.
        var refusesConditions = false
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
        var names: [[UInt8]: Revision?] = [:]
        for item in items where item.revision == nil || there.revisions[item.name] == item.revision {
            // One who wants it gone whatever it is decides for all.
            names[item.name] = .some(names[item.name] == .some(nil) ? nil : item.revision)
        }
        let kept = await remove(names, until: deadline).merging(there.failures.mapValues(Kept.failed)) { $1 }
        for item in items {
            switch kept[item.name] {
            case .failed(let error)?: item.done.resume(returning: .failure(error))
            case .isOther?: item.done.resume(returning: .success(false))
            case nil: item.done.resume(returning: .success(names.keys.contains(item.name)))
            }
        }
    }

    /// Why an object is there still.
    private enum Kept {
        case failed(StoreError)
        /// Others have put since.
        case isOther
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
        // Whatever stands in between may have said that: an answer to HEAD has no words.
        case .refused(let refusal) where refusal.status == 404:
            return try await service.listed(name, about: nil)?.revision
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

    private typealias Names = [[UInt8]: Revision?]

    /// - Returns: those that are there still, and why.
    private func remove(_ names: Names, until deadline: ContinuousClock.Instant) async -> [[UInt8]: Kept] {
        let listed = names.count > 1 ? names.filter { Self.canBeListed($0.key) } : [:]
        var alone = Array(names.filter { listed[$0.key] == nil })
        var kept: [[UInt8]: Kept] = [:]
        if !listed.isEmpty {
            do throws(StoreError) {
                if let some = try await removeListed(listed, until: deadline) { kept = some } else { alone += listed }
            } catch { kept = listed.mapValues { _ in .failed(error) } }
        }
        let single = try? await alone.concurrentMap(most: Self.headsMax) { [self] name, revision in
            await remove(name, having: revision, until: deadline)
        }
        for ((name, _), reason) in zip(alone, single ?? []) { kept[name] = reason }
        return kept
    }

    private func remove(
        _ name: [UInt8], having revision: Revision?, until deadline: ContinuousClock.Instant
    ) async -> Kept? {
        var request = S3Request("DELETE", name)
        request.deadline = deadline
        let condition = isConditional ? revision : nil
        if let condition { request.headers.append(("if-match", condition.etag)) }
        do throws(StoreError) {
            guard case .refused(let refusal) = try await service.send(request, about: nil),
                !refusal.isMissingKey
            else { return nil }
            if condition != nil, refusal.isPrecondition { return .isOther }
            if condition != nil, refusal.isUnknownCondition {
                state.withLock { $0.refusesConditions = true }
                return await remove(name, having: nil, until: deadline)
            }
            return .failed(refusal.error(nil, bucket: service.endpoint.bucket))
        } catch { return .failed(error) }
    }

    private var isConditional: Bool { !state.withLock { $0.refusesConditions } }

    /// - Returns: nil: the server cannot do it.
    private func removeListed(
        _ names: Names, until deadline: ContinuousClock.Instant
    ) async throws(StoreError) -> [[UInt8]: Kept]? {
        var request = S3Request("POST", nil)
        request.deadline = deadline
        request.query = [("delete", "")]
        let conditions = isConditional ? names.compactMapValues(\.self) : [:]
        request.body =
            Array("<Delete><Quiet>true</Quiet>".utf8)
            + names.keys.flatMap { name in
                let etag = conditions[name].map { "<ETag>\(Self.escaped($0.etag))</ETag>" }
                return Array("<Object><Key>".utf8) + Self.escaped(name) + Array("</Key>\(etag ?? "")</Object>".utf8)
            }
            + Array("</Delete>".utf8)
        request.headers = [("content-type", "application/xml")]
        // AWS takes no list without; there may be none in a FIPS mode.
        guard let md5 = Hashing.md5(request.body) else { return nil }
        request.headers.append(("content-md5", Hashing.base64(md5)))
        switch try await service.send(request, about: nil) {
        case .done(let response):
            var kept: [[UInt8]: Kept] = [:]
            let result = try XMLReader.read(response.body)
            // A failure on the way has status 200 too.
            guard result.name == "DeleteResult" else { return nil }
            for element in result.all("Error") {
                let refusal = S3Refusal(
                    status: 0, code: element["Code"]?.string ?? "", message: element["Message"]?.string ?? "")
                guard refusal.code != "NoSuchKey" else { continue }
                // One that names no object is of all of them.
                let named = element["Key"].map { [$0.text] } ?? Array(names.keys)
                if refusal.isUnknownCondition, named.contains(where: { conditions[$0] != nil }) {
                    state.withLock { $0.refusesConditions = true }
                    return nil
                }
                let reason =
                    refusal.code == "PreconditionFailed"
                    ? Kept.isOther : .failed(refusal.error(nil, bucket: service.endpoint.bucket))
                for name in named { kept[name] = reason }
            }
            return kept
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

    private static func escaped(_ text: String) -> String { String(decoding: escaped(Array(text.utf8)), as: UTF8.self) }

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
