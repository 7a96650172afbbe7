public import Persist

/// The smallest adapter: four methods over a dictionary, and revisions that count; it lists keys, reads parts, and keeps
/// attributes with values. The reference for others.
public actor MemoryAdapter: ConditionalPutting, RevisedDeleting, RangedReading {
    private var values: [StoreKey: [UInt8]] = [:]
    private var revisions: [StoreKey: Revision] = [:]
    var kept: [StoreKey: ValueAttributes] = [:]
    private var times: [StoreKey: Timestamp] = [:]
    private var puts = 0
    private var tellsSeconds = false
    var uploads: [[UInt8]: MemoryUpload] = [:]
    public nonisolated let partedBytesMin: UInt64

    /// - Parameter partedBytesMin: values from this size on go in parts of a quarter of that.
    public init(partedBytesMin: UInt64 = 4 << 20) { self.partedBytesMin = partedBytesMin }

    public var count: Int { values.count }
    public var keys: [StoreKey] { values.keys.sorted() }

    public func get(_ key: StoreKey) -> [UInt8]? { values[key] }
    public func delete(_ key: StoreKey) {
        (values[key], revisions[key], kept[key], times[key]) = (nil, nil, nil, nil)
    }
    public func put(_ key: StoreKey, _ value: [UInt8]) {
        puts += 1
        (values[key], revisions[key], kept[key]) = (value, Revision(Array("\(puts)".utf8)), nil)
        touch(key)
    }

    /// From now on, as S3 does: changes of one second have one time.
    public func tellSeconds() { tellsSeconds = true }

    /// No two changes have one time.
    func touch(_ key: StoreKey) {
        let last = times.values.max() ?? Timestamp(nanoseconds: 0)
        times[key] = max(.now(), Timestamp(nanoseconds: last.nanoseconds + 1))
    }

    func time(of key: StoreKey) -> Timestamp? {
        times[key].map { tellsSeconds ? Timestamp(seconds: $0.seconds, nanoseconds: 0) : $0 }
    }

    func isThere(_ revision: Revision?, at key: StoreKey) -> Bool { revisions[key] == revision }

    public func getRevised(_ key: StoreKey) -> RevisedValue? {
        guard let value = values[key], let revision = revisions[key] else { return nil }
        return RevisedValue(value, revision)
    }

    public func put(_ key: StoreKey, _ value: [UInt8], replacing revision: Revision?) throws -> Revision {
        guard revisions[key] == revision else { throw RevisionConflict() }
        put(key, value)
        return revisions[key]!
    }

    public func delete(_ key: StoreKey, having revision: Revision) -> Bool {
        guard revisions[key] == revision else { return false }
        delete(key)
        return true
    }

    public func list(_ prefix: StoreKey) -> any AsyncSequence<StoreEntry, any Error> & Sendable {
        let found = values.filter { $0.key.hasPrefix(prefix) }.sorted { $0.key < $1.key }
        return AsyncThrowingStream { stream in
            for (key, value) in found { stream.yield(StoreEntry(key: key, value: value)) }
            stream.finish()
        }
    }

    public func listKeys(_ prefix: StoreKey) -> any AsyncSequence<KeyEntry, any Error> & Sendable {
        let found = values.filter { $0.key.hasPrefix(prefix) }.sorted { $0.key < $1.key }.map { key, value in
            KeyEntry(
                key: key, size: UInt64(value.count), revision: revisions[key] ?? Revision([]), modified: time(of: key),
                isRecent: tellsSeconds)
        }
        return AsyncThrowingStream { stream in
            for entry in found { stream.yield(entry) }
            stream.finish()
        }
    }

    public func get(_ key: StoreKey, range: Range<UInt64>) -> RevisedValue? {
        guard let value = values[key], let revision = revisions[key] else { return nil }
        let part = range.clamped(to: 0..<UInt64(value.count))
        return RevisedValue(Array(value[Int(part.lowerBound)..<Int(part.upperBound)]), revision)
    }
}
