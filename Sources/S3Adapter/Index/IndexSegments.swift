internal import Persist

/// The objects that an index is made of: `.persist/index/<milliseconds, 12 hex>-<8 hex>`, written once and never changed.
///
/// Whoever likes merges several into one and deletes them; the entries that are in two segments meanwhile are the same.
struct IndexSegments: Sendable {
    struct Segment: Sendable, Hashable {
        let name: [UInt8]
        let size: UInt64
    }

    let service: S3Service
    let keys: ObjectKeys

    private static let heading = Array("persistfs index 1\n".utf8)
    /// Read at once.
    private static let parallelMax = 8
    /// Longer ones are not read: what they say is asked for.
    static let bytesMax: UInt64 = 32 << 20

    func list() async throws(StoreError) -> [Segment] {
        var found: [Segment] = []
        var token: String?
        repeat {
            switch try await service.send(ListPage.request(keys.index, from: token, after: nil), about: nil) {
            case .done(let response):
                let page = try ListPage(response.body)
                found += page.objects.map { Segment(name: $0.name, size: $0.size) }
                token = page.next
            case .refused(let refusal): throw refusal.error(nil, bucket: service.endpoint.bucket)
            }
        } while token != nil
        return found
    }

    /// Of those that are still there.
    func entries(of segments: [Segment]) async throws(StoreError) -> [IndexEntry] {
        let read = await withTaskGroup(of: Result<[IndexEntry], StoreError>.self) { group in
            var results: [Result<[IndexEntry], StoreError>] = []
            for (number, segment) in segments.enumerated() {
                if number >= Self.parallelMax, let result = await group.next() { results.append(result) }
                group.addTask { await Result { () async throws(StoreError) in try await self.read(segment) } }
            }
            for await result in group { results.append(result) }
            return results
        }
        var entries: [IndexEntry] = []
        for result in read { entries += try result.get() }
        return entries
    }

    private func read(_ segment: Segment) async throws(StoreError) -> [IndexEntry] {
        var request = S3Request("GET", segment.name)
        request.answerBytesMax = Self.bytesMax
        switch try await service.send(request, about: nil) {
        case .done(let response):
            guard response.body.starts(with: Self.heading) else { return [] }
            return response.body[Self.heading.count...].split(separator: UInt8(ascii: "\n")).compactMap {
                IndexEntry(line: $0)
            }
        // Merged into another one meanwhile.
        case .refused(let refusal) where refusal.status == 404: return []
        case .refused(let refusal): throw refusal.error(nil, bucket: service.endpoint.bucket)
        }
    }

    func write(_ entries: [IndexEntry]) async throws(StoreError) {
        let milliseconds = UInt64(max(0, Timestamp.now().nanoseconds / 1_000_000))
        let name = Self.hex(milliseconds, 12) + "-" + Self.hex(UInt64(UInt32.random(in: .min ... .max)), 8)
        var request = S3Request("PUT", keys.index + Array(name.utf8))
        request.headers = [("content-type", "text/tab-separated-values; charset=utf-8")]
        request.body = Self.heading + entries.flatMap(\.line)
        try await done(request)
    }

    func delete(_ segments: [Segment]) async throws(StoreError) {
        for segment in segments { try await done(S3Request("DELETE", segment.name)) }
    }

    private func done(_ request: S3Request) async throws(StoreError) {
        if case .refused(let refusal) = try await service.send(request, about: nil) {
            throw refusal.error(nil, bucket: service.endpoint.bucket)
        }
    }

    private static func hex(_ number: UInt64, _ digits: Int) -> String {
        let text = String(number, radix: 16)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}
