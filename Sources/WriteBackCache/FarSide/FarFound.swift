import Persist
import SQLiteStore

/// What the far side has under a key, as somebody finds it who is about to put something else there.
enum FarFound: Sendable {
    /// With its sum (`FarSum`).
    case whole(FarValue, sum: [UInt8])
    /// As a listing tells of it: it has the revision that was known, or goes in parts (`PartedPutting`) and is not fetched
    /// as a whole. `sum`: `LongSum`; nil: it was not read.
    case listed(KeyEntry, sum: [UInt8]?)

    var sum: [UInt8]? {
        switch self {
        case .whole(_, let sum): sum
        case .listed(_, let sum): sum
        }
    }

    var revision: Revision? {
        switch self {
        case .whole(let value, _): value.revision
        case .listed(let entry, _): entry.revision
        }
    }
}

extension FarChange {
    /// What was found; of a long value that it is there.
    init(path: ShownPath, _ found: FarFound, key: StoreKey, metaKey: StoreKey?, meta: [UInt8]?, isValue: Bool) {
        switch found {
        case .listed(let entry, _):
            self.init(
                path: path, absent: entry, metaKey: metaKey, side: meta.map { FoundMeta($0) }, known: nil,
                isValue: isValue)
        case .whole(let value, _):
            self.init(
                path: path, value: value.value, key: key, metaKey: metaKey, meta: meta, isJSON: FarSum.isJSON(key),
                isValue: isValue)
            revision = value.revision
        }
    }
}

extension FarSide {
    /// nil: there is nothing.
    ///
    /// - Parameters:
    ///   - revision: what is known to be there: it is not read where it has that still.
    ///   - readsLong: false: no long value is.
    func found(
        at key: StoreKey, isJSON: Bool, known revision: Revision?, readsLong: Bool = true
    ) async throws(StoreError) -> FarFound? {
        var size: UInt64 = 0
        if let parted, listsKeys {
            guard let entry = try await entry(of: key) else { return nil }
            if entry.revision == revision { return .listed(entry, sum: nil) }
            size = entry.size
            if entry.size >= parted.partedBytesMin {
                return .listed(entry, sum: readsLong ? try await longSum(of: entry, by: parted) : nil)
            }
        }
        return try await whole(at: key, isJSON: isJSON, size: size)
    }

    /// - Parameter size: what is known of it.
    func whole(at key: StoreKey, isJSON: Bool, size: UInt64) async throws(StoreError) -> FarFound? {
        guard let value = try await getRevised(key, size: size) else { return nil }
        return .whole(value, sum: FarSum(of: value.value, isJSON: isJSON).digest)
    }

    /// Side data that lies with it; nil: it has a key of its own.
    func carried(by found: FarFound) async throws(StoreError) -> [UInt8]? {
        switch found {
        case .whole(let value, _): value.meta
        case .listed(let entry, _): (try await metas(of: [entry]).first ?? nil)?.bytes
        }
    }

    /// Of a value that is fetched to be compared.
    private static let pieceBytes: UInt64 = 8 << 20

    private func longSum(of entry: KeyEntry, by parted: any PartedPutting) async throws(StoreError) -> [UInt8] {
        var sum = LongSum()
        let part = parted.partBytes(of: entry.size)
        for start in stride(from: 0, to: entry.size, by: Int(part)) {
            var bytes: [UInt8] = []
            let end = min(start + part, entry.size)
            for start in stride(from: start, to: end, by: Int(Self.pieceBytes)) {
                let range = start..<min(start + Self.pieceBytes, end)
                guard let piece = try await get(entry.key, range: range), piece.revision == entry.revision,
                    piece.value.count == range.count
                else { throw StoreError(.timedOut, key: entry.key, hint: "others change it just now") }
                bytes += piece.value
            }
            sum.add(SHA256.digest(of: bytes))
        }
        return sum.digest
    }
}
