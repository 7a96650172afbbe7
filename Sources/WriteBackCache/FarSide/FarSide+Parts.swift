import Persist

/// Long values, which go in parts where the adapter can do that.
extension FarSide {
    /// A server may copy all of a long value before it answers.
    static let copyingSeconds = 240
    var parted: (any PartedPutting)? { adapter as? any PartedPutting }

    func beginParts(of key: StoreKey, _ attributes: ValueAttributes) async throws(StoreError) -> PartedUpload {
        let parted = try known(parted, key)
        count(\.puts)
        return try await asked(key) { try await parted.beginParts(of: key, attributes) }
    }

    /// - Returns: nil: there is no such upload any more.
    func putPart(
        _ number: Int, _ bytes: [UInt8], of upload: PartedUpload
    ) async throws(StoreError) -> PartReceipt? {
        let parted = try known(parted, upload.key)
        count(\.puts)
        return try await asked(upload.key, extraSeconds: Self.seconds(for: bytes.count)) {
            () async throws -> PartReceipt? in
            do { return try await parted.putPart(number, bytes, of: upload) } catch is UploadGone { return nil }
        }
    }

    enum Copied: Sendable {
        case part(PartReceipt)
        /// There is no such upload any more.
        case gone
        /// It cannot be copied: the source has changed, or the far side does not do it.
        case refused
    }

    func copyPart(
        _ number: Int, from source: StoreKey, having revision: Revision, _ range: Range<UInt64>,
        of upload: PartedUpload
    ) async throws(StoreError) -> Copied {
        guard let copying = adapter as? any PartCopying else { return .refused }
        count(\.puts)
        return try await asked(upload.key, extraSeconds: Self.seconds(for: range.count)) {
            () async throws -> Copied in
            do {
                return .part(try await copying.copyPart(number, from: source, having: revision, range, of: upload))
            } catch is UploadGone {
                return .gone
            } catch is RevisionConflict {
                return .refused
            } catch let error as StoreError where error.kind == .unsupported {
                return .refused
            }
        }
    }

    /// - Returns: nil: there is no such upload any more.
    func complete(
        _ upload: PartedUpload, of parts: [PartReceipt], on condition: PutCondition
    ) async throws(StoreError) -> Replaced? {
        let parted = try known(parted, upload.key)
        count(\.puts)
        return try await asked(upload.key, extraSeconds: Self.copyingSeconds + parts.count) {
            () async throws -> Replaced? in
            do {
                let new = try await parted.complete(upload, of: parts, on: condition)
                return .put(new.revision, time: new.time)
            } catch is RevisionConflict {
                return .conflict
            } catch is UploadGone {
                return nil
            } catch let error as StoreError where error.kind == .unsupported && condition != .none {
                return .unconditional
            }
        }
    }

    func abandon(_ upload: PartedUpload) async throws(StoreError) {
        let parted = try known(parted, upload.key)
        count(\.deletes)
        try await asked(upload.key) { try await parted.abandon(upload) }
    }

    func openUploads(of key: StoreKey) async throws(StoreError) -> [(upload: PartedUpload, begun: Timestamp)] {
        let parted = try known(parted, key)
        count(\.lists)
        return try await asked(key) { try await parted.openUploads(of: key) }
    }

    private func known(
        _ parted: (any PartedPutting)?, _ key: StoreKey
    ) throws(StoreError) -> any PartedPutting {
        guard let parted else { throw StoreError(.unsupported, key: key) }
        return parted
    }

}

/// The sum of a value that goes in parts: SHA-256 of the sums of its parts, which whoever sends them needs anyway.
struct LongSum {
    private var sums: [UInt8] = []

    /// - Parameter sum: SHA-256 of the next part.
    mutating func add(_ sum: [UInt8]) { sums += sum }

    var digest: [UInt8] { SHA256.digest(of: sums) }
}
