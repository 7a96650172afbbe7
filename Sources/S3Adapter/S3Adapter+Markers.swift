internal import Persist

/// Side data of directories that other tools have made (`ObjectKeys.marker`).
extension S3Adapter {
    /// Whether a listing has the marker: SeaweedFS answers to a HEAD of what is only a prefix of others, or was one until now.
    func isMarkedDirectory(_ key: StoreKey) async throws(StoreError) -> Bool {
        guard let marker = keys.marker(of: key) else { return false }
        return try await service.listed(marker, about: key) != nil
    }

    /// Its side data, as the cache writes it; nil: there is no such marker. - Precondition: a listing had it.
    func markedDirectory(_ key: StoreKey) async throws(StoreError) -> [UInt8]? {
        guard let marker = keys.marker(of: key) else { return nil }
        switch try await service.send(S3Request("HEAD", marker), about: key) {
        case .done(let response): return Self.sideData(UserMetadata.attributes(of: response.headers))
        case .refused(let refusal) where refusal.status == 404: return nil
        case .refused(let refusal): throw error(refusal, key)
        }
    }

    /// Nothing where there is none; what lies in the directory stays.
    func deleteMarker(_ key: StoreKey) async throws(StoreError) {
        guard let marker = keys.marker(of: key) else { return }
        switch try await service.send(S3Request("DELETE", marker), about: key) {
        case .done: return
        case .refused(let refusal) where refusal.isMissingKey: return
        case .refused(let refusal): throw error(refusal, key)
        }
    }

    /// `.persist/meta/<path>/` of ADAPTER-KEYS.md. Extended attributes of directories are not taken over.
    private static func sideData(_ attributes: ValueAttributes) -> [UInt8] {
        var members: [JSONValue.Member] = [.init("v", .unsigned(1)), .init("dir", .bool(true))]
        if let mode = attributes.mode { members.append(.init("mode", .unsigned(UInt64(mode)))) }
        if let uid = attributes.uid { members.append(.init("uid", .unsigned(UInt64(uid)))) }
        if let gid = attributes.gid { members.append(.init("gid", .unsigned(UInt64(gid)))) }
        if let mtime = attributes.mtime { members.append(.init("mtime", .string(mtime.decimal))) }
        return Array(JSONText.write(.object(members)).utf8)
    }
}
