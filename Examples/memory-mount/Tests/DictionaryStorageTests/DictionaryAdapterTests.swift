import DictionaryStorage
import Persist
import PersistTestKit
import Testing

@Test("DictionaryAdapter keeps the contract", arguments: AdapterCheck.all)
func keepsTheContract(check: AdapterCheck) async throws {
    try await check.run { DictionaryAdapter() }
}

@Test("a value that is too large is refused for good")
func tooLarge() async throws {
    let adapter = DictionaryAdapter()
    await #expect(throws: StoreError.self) { try await adapter.put("blobs/a", Array(repeating: 0, count: 33 << 20)) }
    #expect(try await adapter.get("blobs/a") == nil)
}
