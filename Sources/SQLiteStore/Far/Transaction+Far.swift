internal import Persist

/// Taking over what the far side has.
extension Transaction {
    /// - Parameter asked: when the far side was asked; what has been sent since then counts. nil: now, and what is here is
    ///   known to give way.
    func apply(_ change: FarChange, asked: Timestamp?) throws(StoreError) -> FarOutcome {
        let path = change.path
        let known = try db.far(at: path)
        if let known, let asked, known.time >= asked { return .notNow }
        let there = try walk.node(at: path, in: db)
        if let there, try db.outboxEntry(of: there.id) != nil { return .notNow }
        if let there, asked != nil, try isBusy(there, at: path) { return .notNow }
        if there == nil, asked != nil, try isBeingMade(change) { return .notNow }
        if case .nothing = change.content { return try remove(there, path, known) }
        let hasSameValue = known?.key == change.key && isSameValue(known, change)
        if var known, let there, known.node == there.id, hasSameValue, known.meta == change.meta {
            let before = known
            if let revision = change.revision { known.revision = revision }
            if let modified = change.modified { known.modified = modified }
            if let revision = change.metaRevision { known.metaRevision = revision }
            if known != before { try putFar(known) }
            return .unchanged
        }
        if let known, let there, try hasLostMeta(change, known, there) { return .notNow }
        // Removed here, or moved with a directory, which the far side has not been told of; an empty file that is to become
        // a record, and that it is not told of at all, may have the name by now.
        if let known, known.node != there?.id, try isElsewhere(known.node) { return .notNow }
        let isHere = hasSameValue && known?.node == there?.id && there?.node.kind == .file
        let row: NodeRow
        if there == nil, let new = try putNewAbsent(change) {
            row = new
        } else {
            row = try put(change, there, keepsContent: isHere)
            try setAttributes(of: row, change)
        }
        let isCertain = hasSameValue && known?.tried == nil
        try putFar(
            FarRecord(
                path: try self.path(of: row, by: change), node: row.id, key: change.key, sum: change.sum,
                revision: change.revision ?? (isCertain ? known?.revision : nil), metaKey: change.metaKey,
                meta: change.meta, metaRevision: change.metaRevision, event: known?.event ?? 0,
                position: known?.position ?? 0,
                modified: change.modified, time: now))
        return .applied
    }

    /// Where a change has been put: mostly where it says.
    func path(of row: NodeRow, by change: FarChange) throws(StoreError) -> [UInt8] {
        let isThere = row.node.name == change.names.last && row.node.name != FarChange.selfName
        return isThere ? change.path : try db.path(of: row)
    }

    private func isSameValue(_ known: FarRecord?, _ change: FarChange) -> Bool {
        guard change.sum == nil, let revision = change.revision else { return known?.sum == change.sum }
        return known?.revision == revision
    }

    /// Two machines have sent a name at one moment: the far side has this one's value, and the other one's side data or
    /// none. Whoever knows the value sends what goes with it again; else each would show times of its own.
    private func hasLostMeta(
        _ change: FarChange, _ known: FarRecord, _ there: NodeRow
    ) throws(StoreError) -> Bool {
        guard !change.hasOwnMeta, known.node == there.id, known.key == change.key, known.sum == change.sum,
            known.sum != nil, known.meta?.isEmpty == false
        else { return false }
        var record = known
        record.meta = []
        try putFar(record)
        journalled[there.id, default: []].formUnion(.attributes)
        return true
    }

    /// What the far side is to be told of a node first: what somebody is writing, and what has moved here with a directory
    /// that has not been sent yet.
    private func isBusy(_ there: NodeRow, at path: [UInt8]) throws(StoreError) -> Bool {
        if !there.isStream, mount.holds.isWriting(there.id) { return true }
        if there.isDirectory, mount.holds.isCreating(nil, in: there.id) { return true }
        return try db.far(of: there.id).contains { $0.path != path }
    }

    /// Somebody here is making a file of that name: whose it is, is found when it is sent.
    private func isBeingMade(_ change: FarChange) throws(StoreError) -> Bool {
        guard mount.holds.hasCreations, let name = change.names.last,
            let parent = try walk.directory(change.path.dropLast(name.bytes.count + 1), in: db)
        else { return false }
        return mount.holds.isCreating(name, in: parent)
    }

    private func isElsewhere(_ id: NodeID) throws(StoreError) -> Bool {
        if try db.outboxEntry(of: id) != nil { return true }
        return try db.node(id).map { !$0.node.isUnlinked } ?? false
    }

    private func remove(_ there: NodeRow?, _ path: [UInt8], _ known: FarRecord?) throws(StoreError) -> FarOutcome {
        // What the far side never had, it has not lost.
        guard let known else { return .unchanged }
        guard try db.outboxEntry(of: known.node) == nil else { return .notNow }
        try db.run("DELETE FROM far WHERE path = ?", path)
        guard let there, there.id == known.node, !there.isNamespace else { return .unchanged }
        // Events are taken from nobody who has them.
        if there.isStream, there.node.size > 0 { return .unchanged }
        if there.isDirectory, try !isEmpty(there.id) { return .unchanged }
        try detach(there)
        try touch(there.node.parent, now)
        try removeImplied(there.node.parent)
        return .applied
    }

    /// A directory that is there only because of what was in it: the far side has never had one itself.
    private func removeImplied(_ id: NodeID) throws(StoreError) {
        var next = id
        while let row = try db.node(next), row.isDirectory, !row.isNamespace, try isEmpty(next),
            try db.far(of: next).isEmpty, try db.outboxEntry(of: next) == nil,
            !mount.holds.isCreating(nil, in: next)
        {
            try detach(row)
            try touch(row.node.parent, now)
            next = row.node.parent
        }
    }

    /// The node with its content.
    ///
    /// - Parameter keepsContent: what is known of the value is what `change` says; whether it is here or not, that stays.
    private func put(_ change: FarChange, _ there: NodeRow?, keepsContent: Bool) throws(StoreError) -> NodeRow {
        var names = change.names
        guard let namespace = change.namespace, var last = names.popLast() else {
            return try fresh(change.namespace?.node ?? .root)
        }
        let parentPath = change.path.dropLast(last.bytes.count + 1)
        var parent = namespace.node
        if let directory = try walk.directory(parentPath, in: db) {
            parent = directory
        } else {
            for name in names { parent = try makeDirectoryOfFar(name, in: parent) }
        }
        switch change.content {
        case .directory:
            return try fresh(try makeDirectoryOfFar(last, in: parent))
        case .symlink(let target):
            if let there, there.node.kind == .symlink, try db.bytes(of: there) == target { return there }
            return try replace(there, kind: .symlink, last, in: parent, target: target)
        case .special(let kind, let device):
            if let there, there.node.kind == kind, there.node.device == device { return there }
            return try replace(there, kind: kind, last, in: parent, device: device)
        case .absent where keepsContent:
            return try fresh(there?.id ?? .root)
        case .file, .absent:
            var there = try db.child(last, of: parent)
            if let directory = there, directory.isDirectory {
                parent = directory.id
                last = FarChange.selfName
                there = try db.child(last, of: parent)
            }
            if !keepsContent, let open = there, isRead(open) {
                try detach(open)
                there = nil
            }
            if case .absent(let size, let isValue) = change.content {
                return try putAbsent(change, size: size, isValue: isValue, there, last, in: parent)
            }
            guard case .file(let bytes, let isValue) = change.content else { throw StoreError(.invalid) }
            return try putFile(bytes, isValue: isValue, there, last, in: parent, change.mtime ?? now)
        case .log:
            guard let there else { return try replace(nil, kind: .file, last, in: parent) }
            guard there.isStream else { throw StoreError(.exists, hint: "a file that is no log is in the way") }
            return there
        case .nothing: throw StoreError(.invalid)
        }
    }

    /// Whoever has it open knows how long it is, and may have read a part of it: the rest is of the same (R3), and what others
    /// have put gets the name as if they had replaced it. What of it is not here is an error then: the far side has it no
    /// more. Who writes keeps the name: what is written next would be in a file that has
    /// none.
    func isRead(_ there: NodeRow) -> Bool {
        if mount.holds.isWriting(there.id) { return false }
        return isOpen(there)
    }

    private func isOpen(_ there: NodeRow) -> Bool {
        there.node.kind == .file && !there.isStream && there.node.size > 0 && mount.holds.contains(there.id)
    }

    /// Of what is not here at all nobody has read anything.
    func hasBeenRead(_ there: NodeRow) throws(StoreError) -> Bool {
        guard isOpen(there) else { return false }
        if mount.holds.isEmptied(there.id) { return true }
        if try db.isHere(there) { return true }
        guard let body = there.body else { return false }
        return try db.exists("SELECT 1 FROM extent WHERE body = ? LIMIT 1", body)
    }

    /// A value that becomes `%self` in it takes along what is known of the far side's: under its old path nobody would
    /// look for that any more, and the directory's own record goes there.
    private func makeDirectoryOfFar(_ name: FileName, in parent: NodeID) throws(StoreError) -> NodeID {
        guard let there = try db.child(name, of: parent), !there.isDirectory else {
            return try makeDirectory(name, in: parent)
        }
        let old = try db.path(of: there)
        let directory = try makeDirectory(name, in: parent)
        let new = try db.path(of: try fresh(there.id))
        try db.run("UPDATE OR REPLACE far SET path = ?3 WHERE ino = ?1 AND path = ?2", there.id, old, new)
        try db.run("UPDATE away SET path = ?3 WHERE ino = ?1 AND path = ?2", there.id, old, new)
        // Who sends it just now may put down the old path.
        if try db.outboxEntry(of: there.id) != nil { journalled[there.id, default: []].formUnion(.name) }
        return directory
    }

    private func putFile(
        _ bytes: [UInt8], isValue: Bool, _ there: NodeRow?, _ name: FileName, in parent: NodeID, _ mtime: Timestamp
    ) throws(StoreError) -> NodeRow {
        var there = there
        if let other = there, other.node.kind != .file {
            try detach(other)
            there = nil
        }
        let id = if let there { there.id } else { try newNodeID() }
        var creation: Creation?
        if there == nil {
            creation = Creation(
                id: id, parent: parent, name: name, kind: .file, mode: nil, uid: nil, gid: nil, time: mtime,
                isValue: isValue)
        }
        _ = try publish(Publication(node: id, creation: creation, content: .bytes(bytes), mtime: mtime))
        return try fresh(id)
    }

    private func replace(
        _ there: NodeRow?, kind: Node.Kind, _ name: FileName, in parent: NodeID, target: [UInt8] = [],
        device: UInt64 = 0
    ) throws(StoreError) -> NodeRow {
        if let there {
            guard !there.isDirectory else {
                throw StoreError(.isDirectory, hint: "a directory is in the way")
            }
            try detach(there)
        }
        let made = try create(
            Creation(
                id: try newNodeID(), parent: parent, name: name, kind: kind, mode: nil, uid: nil, gid: nil, time: now,
                target: target, device: device))
        return try fresh(made.id)
    }

    private func setAttributes(of row: NodeRow, _ change: FarChange) throws(StoreError) {
        // A log's own row may be behind its events.
        if row.isStream { try settle(row) }
        try db.run(
            """
            UPDATE node SET mode = ?2, uid = ?3, gid = ?4, mtime = coalesce(?5, mtime), xattr = ?6, ctime = ?7
                WHERE ino = ?1
            """, row.id, change.mode.map { Int64($0) }, change.uid.map { Int64($0) }, change.gid.map { Int64($0) },
            change.mtime, try change.packedAttributes, now)
        tellAttributes(row.id)
    }
}
