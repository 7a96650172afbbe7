import Persist
import PersistTestKit
import Testing

@Suite("The reference model")
struct MemoryStoreConformanceTests {
    @Test("MemoryStore keeps the contract of a local store", arguments: LocalStoreCheck.all)
    func keepsTheContract(check: LocalStoreCheck) throws {
        try check.run(.memory)
    }

    @Test("the suite has no two checks of one name")
    func namesAreUnique() {
        #expect(Set(LocalStoreCheck.all.map(\.name)).count == LocalStoreCheck.all.count)
        #expect(Set(AdapterCheck.all.map(\.name)).count == AdapterCheck.all.count)
    }

    @Test("a failure that was asked for comes once, changes nothing, and is counted")
    func fails() throws {
        let store = MemoryStore()
        store.failNext(.full, in: .create)
        func create() throws(StoreError) -> Node {
            try store.create(
                Creation(
                    id: try store.reserveNodeID(), parent: Namespace.blobs.node, name: "a", kind: .file, mode: nil,
                    uid: nil, gid: nil, time: Timestamp(nanoseconds: 1)))
        }
        #expect {
            try create()
        } throws: { error in
            (error as? StoreError)?.kind == .full
        }
        #expect(try store.list(Namespace.blobs.node, after: 0, limit: 10).isEmpty)
        #expect(try create().name == "a")
        #expect(store.counts[.create] == 2)
        #expect(store.counts[.publish] == 0)
        store.resetCounts()
        #expect(store.counts == CallCounts())
    }

    @Test("a read-only store refuses every change")
    func isReadOnly() throws {
        let store = MemoryStore(isReadOnly: true)
        #expect {
            try store.setAttributes(.root, AttributeChange(mode: 0, time: Timestamp(nanoseconds: 1)))
        } throws: { error in
            (error as? StoreError)?.kind == .readOnly
        }
        #expect(try store.list(.root, after: 0, limit: 10).count == 4)
    }
}

@Suite("The smallest adapters")
struct AdapterConformanceTests {
    @Test("an adapter over a dictionary keeps the contract", arguments: AdapterCheck.all)
    func dictionaryKeepsTheContract(check: AdapterCheck) async throws {
        try await check.run { MemoryAdapter() }
    }

    @Test("one with revisions puts on a condition", arguments: AdapterCheck.conditional)
    func dictionaryPutsOnConditions(check: AdapterCheck) async throws {
        try await check.run { MemoryAdapter() }
    }

    @Test(
        "one that lists keys, deletes revisions and reads parts",
        arguments: AdapterCheck.keyListing + AdapterCheck.revisedDeleting + AdapterCheck.rangedReading)
    func listsAndReadsParts(check: AdapterCheck) async throws {
        try await check.run { MemoryAdapter() }
    }

    @Test(
        "one whose values have their attributes with them",
        arguments: AdapterCheck.attributed + AdapterCheck.attributedConditions + AdapterCheck.parted
            + AdapterCheck.copying + AdapterCheck.partedConditions)
    func attributes(check: AdapterCheck) async throws {
        try await check.run { MemoryAdapter() }
    }

    @Test("the four methods over a local store keep the contract", arguments: AdapterCheck.all)
    func keyedStoreKeepsTheContract(check: AdapterCheck) async throws {
        try await check.run { KeyedStore(MemoryStore()) }
    }
}
