public import Persist

/// One rule of `PersistAdapter`'s contract, and what proves it. Whoever writes an adapter runs them all:
///
///     @Test("MyAdapter keeps the contract", arguments: AdapterCheck.all)
///     func keepsTheContract(check: AdapterCheck) async throws { try await check.run { MyAdapter() } }
public struct AdapterCheck: Sendable, CustomStringConvertible {
    /// The rule, as a sentence.
    public let name: String
    /// Throws `CheckFailure` where the rule is broken. The closure makes a new adapter with nothing in it.
    public let run: @Sendable (@Sendable () async throws -> any PersistAdapter) async throws -> Void

    init(_ name: String, _ body: @escaping @Sendable (any PersistAdapter) async throws -> Void) {
        self.name = name
        run = { make in try await body(make()) }
    }

    public var description: String { name }
}

extension PersistAdapter {
    /// All that a listing gives, in its order.
    func entries(_ prefix: StoreKey) async throws -> [StoreEntry] {
        var found: [StoreEntry] = []
        for try await entry in try await list(prefix) { found.append(entry) }
        return found
    }

    func keys(_ prefix: StoreKey) async throws -> [StoreKey] { try await entries(prefix).map(\.key) }
}
