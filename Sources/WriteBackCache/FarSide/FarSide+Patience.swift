import Persist

/// A look asks for much, and comes to its end only where all of it is answered: with a far side that fails now and then
/// it never would. What fails is asked again a few times before the look is given up.
extension FarSide {
    private static let attemptsMax = 5
    private static let firstPause = Duration.milliseconds(100)

    func getPatiently(_ key: StoreKey) async throws(StoreError) -> [UInt8]? {
        try await patiently { () async throws(StoreError) in try await get(key) }
    }

    /// As `list`; from the beginning again where it fails, so that `body` may get an entry more than once.
    func listPatiently(
        _ prefix: StoreKey, most: Int, _ body: ([StoreEntry]) async throws(StoreError) -> Void
    ) async throws(StoreError) {
        try await patiently { () async throws(StoreError) in try await list(prefix, most: most, body) }
    }

    /// As `listKeys`; the same.
    func listKeysPatiently(
        _ prefix: StoreKey, most: Int, from opened: Keys?, _ body: ([KeyEntry]) async throws(StoreError) -> Void
    ) async throws(StoreError) {
        var opened = opened
        try await patiently { () async throws(StoreError) in
            let first = opened
            opened = nil
            try await listKeys(prefix, most: most, from: first, body)
        }
    }

    func metasPatiently(of entries: [KeyEntry]) async throws(StoreError) -> [FoundMeta?] {
        try await patiently { () async throws(StoreError) in try await metas(of: entries) }
    }

    func sidesPatiently(of entries: [KeyEntry]) async throws(StoreError) -> [[UInt8]?] {
        try await patiently { () async throws(StoreError) in try await sides(of: entries) }
    }

    private func patiently<R>(_ ask: () async throws(StoreError) -> R) async throws(StoreError) -> R {
        var pause = Self.firstPause
        for _ in 1..<Self.attemptsMax {
            do throws(StoreError) { return try await ask() } catch {
                guard error.isTransient, (try? await Task.sleep(for: pause)) != nil else { throw error }
                pause *= 2
            }
        }
        return try await ask()
    }
}
