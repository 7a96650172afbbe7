public import Persist

/// One rule of `LocalStore`'s contract, and what proves it. Every store passes all that its factory can run:
///
///     @Test("SQLiteStore keeps the contract", arguments: LocalStoreCheck.all)
///     func keepsTheContract(check: LocalStoreCheck) throws { try check.run(factory) }
public struct LocalStoreCheck: Sendable, CustomStringConvertible {
    /// What a check asks of its factory besides making stores.
    public enum Need: Sendable { case reopening, foreignWrites }

    /// The rule, as a sentence.
    public let name: String
    public let needs: Set<Need>
    /// Throws `CheckFailure` where the rule is broken.
    public let run: @Sendable (LocalStoreFactory) throws -> Void

    init(
        _ name: String, limits: StoreLimits = StoreLimits(), needs: Set<Need> = [],
        _ body: @escaping @Sendable (inout StoreClient) throws -> Void
    ) {
        self.name = name
        self.needs = needs
        run = { factory in
            var client = StoreClient(try factory.make(limits), factory)
            defer { client.store.close() }
            try body(&client)
        }
    }

    public var description: String { name }

    public static let all: [LocalStoreCheck] =
        names + listings + directories + renames + classesOfNames + attributes + documents + conflicts + drafts
        + patches + ranges + streams + recovery + keptVersions + othersChanges

    /// Those that a factory can run: a store that nobody else can write to has no changes by others.
    public static func all(for factory: LocalStoreFactory) -> [LocalStoreCheck] {
        all.filter { check in
            (factory.reopen != nil || !check.needs.contains(.reopening))
                && (factory.foreign != nil || !check.needs.contains(.foreignWrites))
        }
    }
}

/// Makes the stores that are checked.
public struct LocalStoreFactory: Sendable {
    /// Another process on the same store.
    public struct Foreign: Sendable {
        /// Namespace, key below it (without `.json`), value. Seen by the store, and told, at the latest by `refresh`.
        public var put: @Sendable (any LocalStore, Namespace, [UInt8], [UInt8]) throws -> Void
        public var delete: @Sendable (any LocalStore, Namespace, [UInt8]) throws -> Void

        public init(
            put: @escaping @Sendable (any LocalStore, Namespace, [UInt8], [UInt8]) throws -> Void,
            delete: @escaping @Sendable (any LocalStore, Namespace, [UInt8]) throws -> Void
        ) {
            self.put = put
            self.delete = delete
        }
    }

    public var name: String
    /// A new, empty store.
    public var make: @Sendable (StoreLimits) throws -> any LocalStore
    /// What the next process finds after the one that has the store open was killed. The old store is used no more.
    public var reopen: (@Sendable (any LocalStore) throws -> any LocalStore)?
    public var foreign: Foreign?

    public init(
        name: String, make: @escaping @Sendable (StoreLimits) throws -> any LocalStore,
        reopen: (@Sendable (any LocalStore) throws -> any LocalStore)? = nil, foreign: Foreign? = nil
    ) {
        self.name = name
        self.make = make
        self.reopen = reopen
        self.foreign = foreign
    }

    /// The reference itself, which can play everything.
    public static let memory = LocalStoreFactory(
        name: "MemoryStore", make: { MemoryStore(limits: $0) },
        reopen: { try Self.memoryStore($0).reopenedAfterCrash() },
        foreign: Foreign(
            put: { try memoryStore($0).foreignPut($1, key: $2, value: $3) },
            delete: { try memoryStore($0).foreignDelete($1, key: $2) }))

    private static func memoryStore(_ store: any LocalStore) throws -> MemoryStore {
        guard let memory = store as? MemoryStore else { throw StoreError(.invalid, hint: "Not a MemoryStore.") }
        return memory
    }
}
