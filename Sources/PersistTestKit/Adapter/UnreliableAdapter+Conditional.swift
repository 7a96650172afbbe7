public import Persist
import Synchronization

extension UnreliableAdapter: ConditionalPutting {
    /// - Throws: `.unsupported` where the far side has no conditions.
    private static func conditional(_ far: any PersistAdapter) throws -> any ConditionalPutting {
        guard let far = far as? any ConditionalPutting else { throw StoreError(.unsupported) }
        return far
    }

    public func getRevised(_ key: StoreKey) async throws -> RevisedValue? {
        state.withLock { $0.gets += 1 }
        return try await ask(key) { [history] far in
            let found = try await Self.conditional(far).getRevised(key)
            let value = found.map { String(decoding: $0.value, as: UTF8.self).debugDescription }
            history?.note("get \(key): \(value ?? "nil")")
            return found
        }
    }

    public func put(_ key: StoreKey, _ value: [UInt8], replacing revision: Revision?) async throws -> Revision {
        state.withLock { $0.puts[key, default: 0] += 1 }
        return try await ask(key, isChange: true) { [history] far in
            let old = revision.map { String(decoding: $0.bytes, as: UTF8.self) }
            do {
                let new = try await Self.conditional(far).put(key, value, replacing: revision)
                let text = String(decoding: value, as: UTF8.self).debugDescription
                history?.note("put \(key) over \(old ?? "nothing"): \(text)")
                return new
            } catch let error as RevisionConflict {
                history?.note("put \(key) over \(old ?? "nothing"): conflict")
                throw error
            }
        }
    }
}
