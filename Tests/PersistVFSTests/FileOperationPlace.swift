import Persist
import PersistTestKit
import PersistVFS

/// Where random operations run: which store, what a kill leaves of it, and what else writes to it.
protocol FileOperationPlace {
    func begin() throws -> TestBed
    /// A filesystem over what a kill of `bed`'s process leaves.
    func afterCrash(_ bed: TestBed) throws -> TestBed
    /// A filesystem over the same store, closed and opened again.
    func reopened(_ bed: TestBed) throws -> TestBed

    /// Another program writes; `bed` has been told when this returns.
    func put(_ key: OtherProgram.Key, _ value: [UInt8], _ bed: TestBed) throws
    func delete(_ key: OtherProgram.Key, _ bed: TestBed) throws
    /// Another program writes keys of its own; nobody waits for it.
    func load(_ number: Int) throws
    /// It has written them, and `bed` shows them.
    func settle(_ bed: TestBed) throws
    func end() throws
    /// The same after a failure: nobody waits.
    func abandon()
}

/// The reference store, which plays other programs itself.
struct MemoryPlace: FileOperationPlace {
    func begin() throws -> TestBed { bed(MemoryStore()) }
    func afterCrash(_ bed: TestBed) throws -> TestBed { self.bed(try bed.store.reopenedAfterCrash()) }
    func reopened(_ bed: TestBed) throws -> TestBed { self.bed(bed.store) }
    func put(_ key: OtherProgram.Key, _ value: [UInt8], _ bed: TestBed) throws {
        bed.store.foreignPut(key.namespace, key: Array(key.key.utf8), value: value)
    }
    func delete(_ key: OtherProgram.Key, _ bed: TestBed) throws {
        bed.store.foreignDelete(key.namespace, key: Array(key.key.utf8))
    }
    func load(_ number: Int) {}
    func settle(_ bed: TestBed) {}
    func end() {}
    func abandon() {}

    private func bed(_ store: MemoryStore) -> TestBed { TestBed(store) { $0.spillBytes = 100_000 } }
}
