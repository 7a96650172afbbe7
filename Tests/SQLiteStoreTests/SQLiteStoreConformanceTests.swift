import Persist
import PersistTestKit
import SQLiteStore
import Synchronization
import Testing

@Suite("The contract of a local store")
struct SQLiteStoreConformanceTests {
    @Test("SQLiteStore keeps the contract of a local store", arguments: LocalStoreCheck.all)
    func keepsTheContract(check: LocalStoreCheck) throws {
        try check.run(Self.factory)
    }

    /// The directories of the stores that one factory has made; gone with it.
    private final class Files: Sendable {
        let byPath = Mutex<[String: StoreFile]>([:])
    }

    static var factory: LocalStoreFactory { factory(Files()) }

    private static func factory(_ files: Files) -> LocalStoreFactory {
        LocalStoreFactory(
            name: "SQLiteStore",
            make: { limits in
                let file = try StoreFile()
                let store = try file.open { $0.limits = limits }
                files.byPath.withLock { $0[store.path] = file }
                return store
            },
            reopen: { old in
                guard let old = old as? SQLiteStore, let file = files.byPath.withLock({ $0[old.path] }) else {
                    throw StoreError(.invalid)
                }
                old.abandon()
                return try file.open { $0.limits = old.limits }
            },
            foreign: LocalStoreFactory.Foreign(
                put: { store, namespace, key, value in
                    try foreign(store).run(
                        """
                        INSERT INTO \(namespace.name)(key, value) VALUES (?, ?)
                            ON CONFLICT (key) DO UPDATE SET value = excluded.value
                        """, key, value)
                },
                delete: { store, namespace, key in
                    try foreign(store).run("DELETE FROM \(namespace.name) WHERE key = ?", key)
                }))
    }

    private static func foreign(_ store: any LocalStore) throws -> Foreign {
        guard let store = store as? SQLiteStore else { throw StoreError(.invalid) }
        return try Foreign(store.path)
    }
}
