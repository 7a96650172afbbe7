import Persist
import PersistMount
import PersistTestKit

/// The reference adapter, with each answer late by so much.
struct Late: PersistAdapter {
    let values = MemoryAdapter()
    let milliseconds: Int

    private func wait() async throws {
        if milliseconds > 0 { try await Task.sleep(for: .milliseconds(milliseconds)) }
    }

    func get(_ key: StoreKey) async throws -> [UInt8]? {
        try await wait()
        return await values.get(key)
    }

    func put(_ key: StoreKey, _ value: [UInt8]) async throws {
        try await wait()
        await values.put(key, value)
    }

    func delete(_ key: StoreKey) async throws {
        try await wait()
        await values.delete(key)
    }

    func list(_ prefix: StoreKey) async throws -> any AsyncSequence<StoreEntry, any Error> & Sendable {
        try await wait()
        return await values.list(prefix)
    }
}

/// For tests: `slow-mount MILLISECONDS DIR CACHE [DIR CACHE]...` mounts one far side that is in memory at one directory
/// after another, each with a cache of its own: the next when the one before is unmounted.
@main
struct SlowMount {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count > 3, let milliseconds = Int(arguments[1]) else {
            print("usage: slow-mount MILLISECONDS DIR CACHE [DIR CACHE]...")
            return
        }
        let late = Late(milliseconds: milliseconds)
        for place in stride(from: 2, to: arguments.count - 1, by: 2) {
            var options = MountOptions()
            options.cacheDirectory = arguments[place + 1]
            try await Mount(late, options: options).run(at: arguments[place]) { print($0) }
        }
    }
}
