public import Persist

/// As S3 has it: attributes go with the value, and setting them alone leaves its revision and changes its time.
extension MemoryAdapter: AttributedPutting {
    /// So that tests reach what does not fit.
    public nonisolated func canCarry(_ attributes: ValueAttributes) -> Bool {
        attributes.extended.reduce(0) { $0 + $1.key.count + $1.value.count } <= 200
    }

    public func getAttributed(_ key: StoreKey) -> AttributedValue? {
        getRevised(key).map { AttributedValue($0.value, $0.revision, attributes(at: key)) }
    }

    public func put(
        _ key: StoreKey, _ value: [UInt8], _ attributes: ValueAttributes, on condition: PutCondition
    ) throws -> DatedRevision {
        if case .replacing(let revision) = condition, !isThere(revision, at: key) { throw RevisionConflict() }
        put(key, value)
        kept[key] = attributes
        return DatedRevision(try revision(of: key), time(of: key))
    }

    public func setAttributes(
        _ attributes: ValueAttributes, of key: StoreKey, on condition: PutCondition
    ) throws -> DatedRevision {
        if case .replacing(let revision) = condition, !isThere(revision, at: key) { throw RevisionConflict() }
        let revision = try revision(of: key)
        kept[key] = attributes
        touch(key)
        return DatedRevision(revision, time(of: key))
    }

    public func attributes(of entries: [KeyEntry]) -> [ValueAttributes?] {
        entries.map { getRevised($0.key) == nil ? nil : attributes(at: $0.key) }
    }

    private func attributes(at key: StoreKey) -> ValueAttributes { kept[key] ?? ValueAttributes() }

    private func revision(of key: StoreKey) throws -> Revision {
        guard let there = getRevised(key) else { throw RevisionConflict() }
        return there.revision
    }
}
