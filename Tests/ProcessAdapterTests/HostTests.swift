import Persist
import PersistTestKit
import ProcessAdapter
import Testing

@Suite("Hosts of adapters")
struct HostTests {
    @Test("an adapter in Python, over SQLite, keeps the contract", arguments: AdapterCheck.all)
    func python(check: AdapterCheck) async throws {
        try await run(check) { hosted in
            try hosted.python(host: "sqlite_adapter.py", [hosted.directory + "/values.db"])
        }
    }

    @Test("an adapter in Python, with values as its objects, keeps the contract", arguments: AdapterCheck.all)
    func pythonObjects(check: AdapterCheck) async throws {
        try await run(check) { hosted in try hosted.python(host: "memory_adapter.py", []) }
    }

    @Test("an adapter in JavaScript, over files, keeps the contract", arguments: AdapterCheck.all)
    func node(check: AdapterCheck) async throws {
        try await run(check) { hosted in
            try hosted.node([Hosted.hosts + "/node/directory-adapter.mjs", hosted.directory + "/values"])
        }
    }

    @Test("a module in JavaScript that knows nothing of its host keeps the contract", arguments: AdapterCheck.all)
    func nodeObjects(check: AdapterCheck) async throws {
        try await run(check) { hosted in try hosted.node([Hosted.hosts + "/node/memory-adapter.mjs"]) }
    }

    private func run(_ check: AdapterCheck, _ make: @Sendable (Hosted) throws -> ProcessAdapter) async throws {
        let hosted = try Hosted()
        let adapter = try make(hosted)
        try await check.run { adapter }
        await adapter.close()
        #expect(hosted.log.isEmpty)
    }
}
