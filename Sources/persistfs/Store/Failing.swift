import Persist
import PersistMount

/// Store errors as the command prints them.
enum Failing {
    static func about<R>(_ what: String, _ body: () throws(StoreError) -> R) throws -> R {
        do throws(StoreError) {
            return try body()
        } catch {
            throw MountFailure(error, about: what)
        }
    }
}

extension Failing {
    /// The four methods are asynchronous, and throw what their adapter throws.
    static func values<R: Sendable>(_ key: StoreKey, _ body: @escaping @Sendable () async throws -> R) throws -> R {
        do {
            return try Awaiting.run(body)
        } catch let error as StoreError {
            throw MountFailure(error, about: String(decoding: key.bytes, as: UTF8.self))
        }
    }
}
