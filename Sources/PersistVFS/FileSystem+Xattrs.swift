public import Persist

extension FileSystem {
    public func getxattr(_ name: [UInt8], of id: NodeID) throws(StoreError) -> [UInt8] {
        if ControlFiles.owns(id) { throw StoreError(.noAttribute) }
        try requireUser(name)
        let id = aliases.resolve(id)
        if let virtual = VirtualAttribute(name) { return try value(of: virtual, id) }
        guard let node = stored(id) else { throw StoreError(.noAttribute) }
        return try store.attribute(name, of: node)
    }

    public func setxattr(
        _ name: [UInt8], to value: [UInt8], mode: AttributeMode, of id: NodeID, _ caller: Caller
    ) throws(StoreError) {
        let id = try requireChange(name, id, caller)
        try store.setAttribute(name, to: value, mode: mode, of: id)
    }

    public func listxattr(_ id: NodeID) throws(StoreError) -> [[UInt8]] {
        if ControlFiles.owns(id) { return [] }
        let id = aliases.resolve(id)
        return try stored(id).map { (node) throws(StoreError) in try store.attributeNames(of: node) } ?? []
    }

    public func removexattr(_ name: [UInt8], of id: NodeID, _ caller: Caller) throws(StoreError) {
        let id = try requireChange(name, id, caller)
        try store.removeAttribute(name, of: id)
    }

    // MARK: Inside

    /// Only user.* is kept: sed, cp, mv and vim try ACLs first and fall back where there are none (R12).
    private func requireUser(_ name: [UInt8]) throws(StoreError) {
        guard name.starts(with: "user.".utf8) else { throw StoreError(.unsupported) }
    }

    /// - Returns: the node, real by now.
    private func requireChange(_ name: [UInt8], _ id: NodeID, _ caller: Caller) throws(StoreError) -> NodeID {
        try requireUser(name)
        try requireWritable()
        if ControlFiles.owns(id) || name.starts(with: VirtualAttribute.prefix.utf8) { throw StoreError(.notPermitted) }
        let id = aliases.resolve(id)
        if permissions.applies(to: caller) { try permissions.require(.write, of: try getattr(id), caller) }
        guard let open = opens.find(id) else { return id }
        return try open.with { (state) throws(StoreError) in
            try materialize(&state)
            return state.node.id
        }
    }

    /// What has the attributes of a file; nil while that is being made.
    private func stored(_ id: NodeID) -> NodeID? {
        guard let open = opens.find(id) else { return id }
        return open.with { $0.creation == nil ? $0.node.id : nil }
    }

    private func value(of attribute: VirtualAttribute, _ id: NodeID) throws(StoreError) -> [UInt8] {
        // While a file is being made the store knows nothing of it.
        if attribute != .state, stored(id) == nil { throw StoreError(.noAttribute) }
        switch attribute {
        case .key:
            guard let key = try store.key(of: id) else { throw StoreError(.noAttribute) }
            return key.bytes
        case .revision:
            return Array("\(try store.node(id).revision)".utf8)
        case .state:
            if opens.find(id)?.with({ $0.creation != nil || $0.working?.isModified == true }) == true {
                return Array("dirty".utf8)
            }
            if try kept(.rejected, id) != nil { return Array("rejected".utf8) }
            if try kept(.conflicts, id) != nil { return Array("conflict".utf8) }
            switch try far?.progress(of: id) {
            case .waiting: return Array("dirty".utf8)
            case .uploading: return Array("uploading".utf8)
            case nil: return Array("clean".utf8)
            }
        case .error:
            var version = try kept(.rejected, id)
            if version == nil { version = try kept(.conflicts, id) }
            if let version { return Array(version.error.utf8) }
            guard case .waiting(let error?)? = try far?.progress(of: id) else { throw StoreError(.noAttribute) }
            return Array(error.utf8)
        }
    }

    /// The rejected or conflicting version of a file, if there is one.
    private func kept(_ area: KeptArea, _ id: NodeID) throws(StoreError) -> KeptVersion? {
        let path = try store.path(of: id)
        return try store.keptVersions(area).last { version in
            switch area {
            case .rejected: version.path == path
            case .conflicts: ConflictName(version.path)?.path == path
            }
        }
    }
}

/// Attributes that every file has and no listing shows (R12).
enum VirtualAttribute: String, CaseIterable {
    static let prefix = "user.persist."

    case key = "user.persist.key"
    case revision = "user.persist.revision"
    case state = "user.persist.state"
    case error = "user.persist.error"

    init?(_ name: [UInt8]) {
        guard let found = Self.allCases.first(where: { $0.rawValue.utf8.elementsEqual(name) }) else { return nil }
        self = found
    }
}
