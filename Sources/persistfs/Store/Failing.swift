import Persist
import PersistMount

/// Store errors as the command prints them.
enum Failing {
    static func about<R>(_ what: String, _ body: () throws(StoreError) -> R) throws -> R {
        do throws(StoreError) {
            return try bringing(body)
        } catch {
            throw MountFailure(error, about: what)
        }
    }

    /// What is not on this machine is brought, and the same done again.
    private static func bringing<R>(_ body: () throws(StoreError) -> R) throws(StoreError) -> R {
        for _ in 0..<bringsMax {
            do throws(StoreError) {
                return try body()
            } catch {
                guard let absence = error.absence else { throw error }
                try Awaiting.run { () async throws(StoreError) in try await absence.bring() }
            }
        }
        return try body()
    }

    private static let bringsMax = 8
}

extension Failing {
    /// The four methods are asynchronous, and throw what their adapter throws.
    static func values<R: Sendable>(_ key: StoreKey, _ body: @escaping @Sendable () async throws -> R) throws -> R {
        do {
            return try Awaiting.run {
                for _ in 0..<bringsMax {
                    do {
                        return try await body()
                    } catch let error as StoreError {
                        guard let absence = error.absence else { throw error }
                        try await absence.bring()
                    }
                }
                return try await body()
            }
        } catch let error as StoreError {
            throw MountFailure(error, about: String(decoding: key.bytes, as: UTF8.self))
        }
    }
}
