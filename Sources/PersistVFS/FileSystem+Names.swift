public import Persist

extension FileSystem {
    /// PATH_MAX of limits.h.
    private static let pathBytesMax: UInt64 = 4_096

    public func readlink(_ id: NodeID) throws(StoreError) -> [UInt8] {
        let size = try store.node(id).size
        guard size < Self.pathBytesMax else {
            throw StoreError(.corrupt, hint: "the target of the symlink is longer than a path can be")
        }
        return try Array(capacity: Int(size)) { (buffer: inout OutputRawSpan) throws(StoreError) in
            try store.read(id, at: 0, into: &buffer)
        }
    }

    public func mkdir(
        _ name: [UInt8], in parent: NodeID, mode: UInt16, _ caller: Caller
    ) throws(StoreError) -> Attributes {
        try make(name, in: parent, kind: .directory, mode: mode, caller)
    }

    public func mknod(
        _ name: [UInt8], in parent: NodeID, kind: Node.Kind, mode: UInt16, device: UInt64, _ caller: Caller
    ) throws(StoreError) -> Attributes {
        try make(name, in: parent, kind: kind, mode: mode, caller) { $0.device = device }
    }

    public func symlink(
        _ target: [UInt8], _ name: [UInt8], in parent: NodeID, _ caller: Caller
    ) throws(StoreError) -> Attributes {
        try make(name, in: parent, kind: .symlink, mode: 0o777, caller) { $0.target = target }
    }

    /// Hard links are not kept by any adapter.
    public func link(
        _ id: NodeID, _ name: [UInt8], in parent: NodeID, _ caller: Caller
    ) throws(StoreError) -> Attributes {
        throw StoreError(.notPermitted, hint: "hard links are not supported")
    }

    public func unlink(_ name: [UInt8], in parent: NodeID, _ caller: Caller) throws(StoreError) {
        if ControlFiles.owns(parent) {
            try requireWritable()
            return try controls.unlink(FileName(unchecked: name), in: parent)
        }
        let name = try self.name(name)
        let directory = try requireDirectory(parent, caller)
        // Created and removed before anybody could see it: it never was.
        if let open = pending.remove(name, in: parent), unlinkedPending(open) { return }
        if let directory {
            try permissions.requireRemoval(of: try overlaid(try store.lookup(name, in: parent)), in: directory, caller)
        }
        let gone = try store.unlink(name, in: parent)
        seen.forget(gone.id)
        if let open = opens.find(gone.id) { unlinked(open) }
        // Room on the disk may be what a last close waits for.
        retryLingering()
    }

    public func rmdir(_ name: [UInt8], in parent: NodeID, _ caller: Caller) throws(StoreError) {
        let name = try self.name(name)
        if parent == .root, Namespace(name: name) != nil { throw StoreError(.busy) }
        if ControlFiles.owns(parent) {
            try requireWritable()
            return try controls.removeDirectory(name, in: parent)
        }
        let directory = try requireDirectory(parent, caller)
        if pending.find(name, in: parent) != nil { throw StoreError(.notDirectory) }
        if directory != nil || !pending.isEmpty {
            let node = try store.lookup(name, in: parent)
            if let directory { try permissions.requireRemoval(of: attributes(of: node), in: directory, caller) }
            guard pending.all(in: node.id).isEmpty else { throw StoreError(.notEmpty) }
        }
        _ = try store.removeDirectory(name, in: parent)
    }

    // MARK: Inside

    private func make(
        _ name: [UInt8], in parent: NodeID, kind: Node.Kind, mode: UInt16, _ caller: Caller,
        _ finish: (inout Creation) -> Void = { _ in }
    ) throws(StoreError) -> Attributes {
        let name = try self.name(name)
        _ = try requireDirectory(parent, caller)
        guard pending.find(name, in: parent) == nil else { throw StoreError(.exists) }
        let directory = try store.node(parent)
        guard directory.kind == .directory else { throw StoreError(.notDirectory) }
        var creation = try newCreation(name, in: parent, kind: kind, mode: mode, isExclusive: true, caller)
        inherit(from: directory, &creation)
        finish(&creation)
        return attributes(of: try store.create(creation))
    }

    /// What a new file of this caller will be, but for what its directory hands on.
    func newCreation(
        _ name: FileName, in parent: NodeID, kind: Node.Kind, mode: UInt16, isExclusive: Bool, _ caller: Caller
    ) throws(StoreError) -> Creation {
        Creation(
            id: try store.reserveNodeID(), parent: parent, name: name, kind: kind,
            mode: (kind == .symlink ? mode : mode & ~caller.umask) & 0o7777, uid: caller.uid, gid: caller.gid,
            time: clock(), isExclusive: isExclusive)
    }

    /// A directory with sgid hands its group on, and a new directory its sgid (inode(7)).
    func inherit(from directory: Node, _ creation: inout Creation) {
        guard let mode = directory.mode, mode & 0o2000 != 0 else { return }
        creation.gid = directory.gid
        if creation.kind == .directory { creation.mode = creation.mode.map { $0 | 0o2000 } }
    }
}

extension OpenNode.State {
    /// The name is gone; who has it open goes on.
    mutating func unlinked() {
        isUnlinked = true
        node.isUnlinked = true
    }
}
