public import Persist

extension FileSystem {
    public func lookup(_ name: [UInt8], in parent: NodeID, _ caller: Caller) throws(StoreError) -> Attributes {
        if ControlFiles.owns(parent) { return try controls.lookup(FileName(unchecked: name), in: parent) }
        let name = try self.name(name)
        if parent == .root, name == ControlFiles.rootName { return controls.root }
        if permissions.applies(to: caller) {
            try permissions.require(.search, of: attributes(of: try store.node(parent)), caller)
        }
        if let open = pending.find(name, in: parent) { _ = refusals.wait(for: open) }
        if let open = pending.find(name, in: parent) { return open.look { attributes(of: $0) } }
        return try overlaid(try store.lookup(name, in: parent))
    }

    public func getattr(_ id: NodeID) throws(StoreError) -> Attributes {
        if ControlFiles.owns(id) { return try controls.attributes(of: id) }
        let id = aliases.resolve(id)
        if let open = settled(id) {
            return try open.look { (state) throws(StoreError) in
                if state.creation == nil { state.node = try store.node(state.node.id) }
                return attributes(of: state)
            }
        }
        return attributes(of: try store.node(id))
    }

    /// The parent of a directory, for `..`.
    public func parent(of id: NodeID) throws(StoreError) -> NodeID {
        if id == .root { return .root }
        if ControlFiles.owns(id) { return controls.parent(of: id) }
        return try store.node(id).parent
    }

    public func setattr(
        _ id: NodeID, _ setting: AttributeSetting, handle: UInt64?, _ caller: Caller
    ) throws(StoreError) -> Attributes {
        try requireWritable()
        if ControlFiles.owns(id) { throw StoreError(.notPermitted) }
        let id = aliases.resolve(id)
        var setting = setting
        if permissions.applies(to: caller) || setting.uid != nil || setting.gid != nil {
            let now = try getattr(id)
            try requireSetting(setting, of: now, handle: handle, caller)
            clearSetID(&setting, of: now, caller)
        }
        if let size = setting.size { try truncate(id, to: size, handle: handle, caller) }
        let change = self.change(setting)
        guard change.mode != nil || change.uid != nil || change.gid != nil || change.mtime != nil || change.atime != nil
        else { return try getattr(id) }
        guard let open = opens.find(id) else { return attributes(of: try store.setAttributes(id, change)) }
        return try open.with { (state) throws(StoreError) in
            // Times come after the bytes.
            if change.mtime != nil || change.atime != nil { try materialize(&state) }
            // cp -p and tar set a mode before they close: a creation takes it along.
            if state.creation != nil {
                if let mtime = change.mtime { state.working?.mtime = mtime }
                state.creation!.mode = change.mode ?? state.creation!.mode
                state.creation!.uid = change.uid ?? state.creation!.uid
                state.creation!.gid = change.gid ?? state.creation!.gid
                state.node.mode = state.creation!.mode
                state.node.uid = state.creation!.uid
                state.node.gid = state.creation!.gid
                return attributes(of: state)
            }
            state.node = try store.setAttributes(state.node.id, change)
            if let mtime = change.mtime { state.working?.mtime = mtime }
            return attributes(of: state)
        }
    }

    // MARK: Inside

    /// What stat(2) shows of a stored node.
    func attributes(of node: Node) -> Attributes {
        let mode: UInt16 =
            node.mode
            ?? {
                switch node.kind {
                case .directory: 0o777 & ~options.umask
                case .symlink: 0o777
                default: 0o666 & ~options.umask
                }
            }()
        return Attributes(
            id: node.id, kind: node.kind, mode: mode, uid: node.uid ?? options.uid, gid: node.gid ?? options.gid,
            links: node.isUnlinked ? 0 : 1, size: node.size, blocks: (node.allocated + 511) / 512,
            atime: node.atime ?? node.mtime, mtime: node.mtime, ctime: node.ctime, device: node.device,
            isVolatile: false)
    }

    /// The same of a node that is open here: its working copy is what every program on this mount sees (R1).
    func attributes(of state: OpenNode.State) -> Attributes {
        var found = attributes(of: state.node)
        if let working = state.working {
            found.size = working.size
            found.blocks = blocks(of: working, over: state.node)
            found.mtime = working.mtime
            found.ctime = max(found.ctime, working.mtime)
            if state.node.atime == nil { found.atime = working.mtime }
        }
        if state.isUnlinked { found.links = 0 }
        return found
    }

    /// st_blocks of what is not published yet: what it will be unless chunks are replaced, or end with zeros.
    func blocks(of working: WorkingCopy, over node: Node) -> UInt64 {
        (min(max(node.allocated, working.changedBytes), working.size) + 511) / 512
    }

    /// The open file of a node, once what its close has refused is gone.
    private func settled(_ id: NodeID) -> OpenNode? {
        guard let open = opens.find(id) else { return nil }
        return refusals.wait(for: open) ? opens.find(id) : open
    }

    func overlaid(_ node: Node) throws(StoreError) -> Attributes {
        guard let open = opens.find(node.id) else { return attributes(of: node) }
        return open.look { state in
            if state.creation == nil { state.node = node }
            return attributes(of: state)
        }
    }

    private func requireSetting(
        _ setting: AttributeSetting, of now: Attributes, handle: UInt64?, _ caller: Caller
    ) throws(StoreError) {
        if setting.mode != nil { try permissions.requireOwner(of: now, caller) }
        if setting.uid != nil || setting.gid != nil {
            try permissions.requireChange(of: now, uid: setting.uid, gid: setting.gid, caller)
        }
        if setting.size != nil, handle == nil { try permissions.require(.write, of: now, caller) }
        for time in [setting.atime, setting.mtime] {
            switch time {
            case .at: try permissions.requireOwner(of: now, caller)
            case .now where caller.uid != now.uid: try permissions.require(.write, of: now, caller)
            case .now, nil: break
            }
        }
    }

    /// chown(2) clears suid, and sgid where the group may execute, of all but directories.
    private func clearSetID(_ setting: inout AttributeSetting, of now: Attributes, _ caller: Caller) {
        guard now.kind != .directory else { return }
        if setting.mode == nil, setting.uid != nil || setting.gid != nil, now.mode & 0o6000 != 0 {
            setting.mode = now.mode.withoutSetID
        }
        // chmod(2): sgid only for a group that the caller is in.
        if let mode = setting.mode, permissions.applies(to: caller), caller.gid != now.gid {
            setting.mode = mode & ~0o2000
        }
    }

    private func change(_ setting: AttributeSetting) -> AttributeChange {
        let now = clock()
        func time(_ time: AttributeSetting.Time?) -> Timestamp? {
            switch time {
            case .now: now
            case .at(let given): given
            case nil: nil
            }
        }
        return AttributeChange(
            mode: setting.mode, uid: setting.uid, gid: setting.gid, mtime: time(setting.mtime),
            atime: time(setting.atime), time: now)
    }
}

extension UInt16 {
    /// A mode after a write by somebody without CAP_FSETID: no suid, and no sgid where the group may execute.
    var withoutSetID: UInt16 { self & 0o010 != 0 ? self & ~0o6000 : self & ~0o4000 }
}
