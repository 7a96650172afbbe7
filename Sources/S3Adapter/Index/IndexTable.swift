internal import Persist

/// All that the segments of an index say, by object and ETag.
struct IndexTable: Sendable {
    /// The first half of SHA-256 of ETag and name: an index may name a million objects.
    private struct Key: Hashable {
        let high: UInt64
        let low: UInt64

        init(_ name: [UInt8], _ etag: [UInt8]) {
            let digest = Hashing.sha256(etag + [0] + name)
            high = digest[0..<8].reduce(0) { $0 << 8 | UInt64($1) }
            low = digest[8..<16].reduce(0) { $0 << 8 | UInt64($1) }
        }
    }

    private struct Found {
        var time: Int64
        var attributes: ValueAttributes
        var body: [UInt8]?
        /// Two changes of one second, and nobody knows which was the last.
        var isAmbiguous = false
    }

    private var found: [Key: Found] = [:]

    mutating func add(_ entry: IndexEntry) {
        let key = Key(entry.name, entry.etag)
        let new = Found(time: entry.time, attributes: entry.attributes, body: entry.body)
        guard let known = found[key], known.time >= new.time else {
            found[key] = new
            return
        }
        if known.time == new.time, known.attributes != new.attributes { found[key]?.isAmbiguous = true }
    }

    /// - Parameter modified: of the object, as listed: what was put since, or got other attributes, is not known.
    func entry(of name: [UInt8], etag: [UInt8], modified: Timestamp?) -> IndexEntry? {
        guard let found = found[Key(name, etag)], !found.isAmbiguous,
            modified.map({ $0.seconds <= found.time }) ?? true
        else { return nil }
        return IndexEntry(
            name: name, etag: etag, time: found.time, attributes: found.attributes, body: found.body)
    }
}
