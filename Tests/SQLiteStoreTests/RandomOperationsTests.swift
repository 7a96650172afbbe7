import PersistTestKit
import Testing

@Suite("Random operations on a SQLite store")
struct RandomOperationsTests {
    @Test(
        "SQLiteStore agrees with the reference",
        arguments: (1...TestSize.number("PERSISTFS_TEST_STORE_SEEDS", 4, long: 40)).map { UInt64($0) })
    func agrees(seed: UInt64) throws {
        try RandomOperations(on: SQLiteStoreConformanceTests.factory).run(seed: seed, count: 2_500)
    }
}
