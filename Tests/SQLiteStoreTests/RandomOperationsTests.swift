import PersistTestKit
import Testing

@Suite("Random operations on a SQLite store")
struct RandomOperationsTests {
    @Test("SQLiteStore agrees with the reference", arguments: [1, 2, 3, 4] as [UInt64])
    func agrees(seed: UInt64) throws {
        try RandomOperations(on: SQLiteStoreConformanceTests.factory).run(seed: seed, count: 2_500)
    }
}
