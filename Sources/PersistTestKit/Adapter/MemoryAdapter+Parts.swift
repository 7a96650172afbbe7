public import Persist

/// A value that is being put in parts.
struct MemoryUpload {
    var key: StoreKey
    var attributes: ValueAttributes
    var parts: [Int: [UInt8]] = [:]
    var begun: Timestamp
}

extension MemoryAdapter: PartedPutting {
    public nonisolated var partedBytesMax: UInt64 { 1 << 40 }
    public nonisolated func partBytes(of size: UInt64) -> UInt64 { max(1, partedBytesMin / 4) }

    /// Of all keys.
    public var openUploadCount: Int { uploads.count }
    /// As a server does after some days.
    public func expireUploads() { uploads = [:] }

    public func beginParts(of key: StoreKey, _ attributes: ValueAttributes) -> PartedUpload {
        let token = Array("\(UInt64.random(in: .min ... .max))".utf8)
        uploads[token] = MemoryUpload(key: key, attributes: attributes, begun: .now())
        return PartedUpload(key, token: token)
    }

    public func putPart(_ number: Int, _ bytes: [UInt8], of upload: PartedUpload) throws -> PartReceipt {
        guard uploads[upload.token]?.key == upload.key else { throw UploadGone() }
        uploads[upload.token]?.parts[number] = bytes
        let sum = SHA256.digest(of: bytes)
        return PartReceipt(mark: sum, sum: sum)
    }

    public func complete(
        _ upload: PartedUpload, of parts: [PartReceipt], on condition: PutCondition
    ) throws -> DatedRevision {
        guard let found = uploads[upload.token] else { throw UploadGone() }
        var value: [UInt8] = []
        for (index, receipt) in parts.enumerated() {
            guard let part = found.parts[index + 1], SHA256.digest(of: part) == receipt.mark else {
                throw StoreError(.io, key: upload.key, hint: "part \(index + 1) is not what was sent")
            }
            value += part
        }
        let new = try put(upload.key, value, found.attributes, on: condition)
        uploads[upload.token] = nil
        return new
    }

    public func abandon(_ upload: PartedUpload) { uploads[upload.token] = nil }

    public func openUploads(of key: StoreKey) -> [(upload: PartedUpload, begun: Timestamp)] {
        uploads.filter { $0.value.key == key }.map { (PartedUpload(key, token: $0.key), $0.value.begun) }
    }
}

extension MemoryAdapter: PartCopying {
    public func copyPart(
        _ number: Int, from source: StoreKey, having revision: Revision, _ range: Range<UInt64>,
        of upload: PartedUpload
    ) throws -> PartReceipt {
        guard isThere(revision, at: source), let part = get(source, range: range) else { throw RevisionConflict() }
        return PartReceipt(mark: try putPart(number, part.value, of: upload).mark, sum: [])
    }
}
