import Persist
import PersistMount

/// The smallest adapter that there is: four methods over a dictionary, gone with the process.
actor Memory: PersistAdapter {
    private var values: [StoreKey: [UInt8]] = [:]

    func get(_ key: StoreKey) -> [UInt8]? { values[key] }
    func put(_ key: StoreKey, _ value: [UInt8]) { values[key] = value }
    func delete(_ key: StoreKey) { values[key] = nil }

    func list(_ prefix: StoreKey) -> any AsyncSequence<StoreEntry, any Error> & Sendable {
        let found = values.filter { $0.key.hasPrefix(prefix) }.sorted { $0.key < $1.key }
        return AsyncThrowingStream { stream in
            for (key, value) in found { stream.yield(StoreEntry(key: key, value: value)) }
            stream.finish()
        }
    }
}

@main
struct MemoryMount {
    static func main() async throws {
        try await Mount(Memory()).run(at: CommandLine.arguments[1]) { print($0) }
    }
}
