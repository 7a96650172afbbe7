public import Persist
import Synchronization

extension AttributedWay: PartCopying {
    public var partedBytesMin: UInt64 { (way.far as? any PartedPutting)?.partedBytesMin ?? .max }
    public var partedBytesMax: UInt64 { (way.far as? any PartedPutting)?.partedBytesMax ?? 64 << 20 }
    public func partBytes(of size: UInt64) -> UInt64 {
        (way.far as? any PartedPutting)?.partBytes(of: size) ?? 1 << 20
    }

    public func beginParts(of key: StoreKey, _ attributes: ValueAttributes) async throws -> PartedUpload {
        try await way.ask(key, isChange: true) { far in
            let upload = try await Self.parted(far).beginParts(of: key, attributes)
            way.history?.note("\(key): parts are begun")
            return upload
        }
    }

    public func putPart(_ number: Int, _ bytes: [UInt8], of upload: PartedUpload) async throws -> PartReceipt {
        way.state.withLock { $0.parts[upload.key, default: []].append(number) }
        return try await way.ask(upload.key, isChange: true) { far in
            let receipt = try await Self.parted(far).putPart(number, bytes, of: upload)
            way.history?.note("\(upload.key): part \(number), \(bytes.count) bytes")
            return receipt
        }
    }

    public func copyPart(
        _ number: Int, from source: StoreKey, having revision: Revision, _ range: Range<UInt64>,
        of upload: PartedUpload
    ) async throws -> PartReceipt {
        try await way.ask(upload.key, isChange: true) { far in
            guard let far = far as? any PartCopying else { throw StoreError(.unsupported) }
            let receipt = try await far.copyPart(number, from: source, having: revision, range, of: upload)
            way.history?.note("\(upload.key): part \(number) is a copy of \(source)")
            return receipt
        }
    }

    public func complete(
        _ upload: PartedUpload, of parts: [PartReceipt], on condition: PutCondition
    ) async throws -> DatedRevision {
        try await way.ask(upload.key, isChange: true) { far in
            do {
                let revision = try await Self.parted(far).complete(upload, of: parts, on: condition)
                way.history?.note("\(upload.key) \(condition): complete with \(parts.count) parts")
                return revision
            } catch {
                way.history?.note("\(upload.key) \(condition): not complete: \(error)")
                throw error
            }
        }
    }

    public func abandon(_ upload: PartedUpload) async throws {
        try await way.ask(upload.key, isChange: true) { far in
            try await Self.parted(far).abandon(upload)
            way.history?.note("\(upload.key): abandoned")
        }
    }

    public func openUploads(of key: StoreKey) async throws -> [(upload: PartedUpload, begun: Timestamp)] {
        try await way.ask(key) { try await Self.parted($0).openUploads(of: key) }
    }

    private static func parted(_ far: any PersistAdapter) throws -> any PartedPutting {
        guard let far = far as? any PartedPutting else { throw StoreError(.unsupported) }
        return far
    }
}

extension UnreliableAdapter {
    /// Which parts of each value were sent, in order.
    public var parts: [StoreKey: [Int]] { state.withLock { $0.parts } }
}
