internal import Persist

/// Names, and the way to them.
extension RepairPart {
    func repairTree() throws(StoreError) {
        try adoptLost()
        try breakCircles()
        for (id, damage) in try db.misnamed() { try rename(id, damage) }
        for id in try db.strayed() {
            let before = db.shownPath(id)
            note(
                before, "it lies in another of the four directories than it belongs to",
                "moved to \(try moveToLost(id))")
        }
    }

    /// What lay together stays together: a directory stands in for the one that is gone.
    private func adoptLost() throws(StoreError) {
        var directories: [NodeID: NodeID] = [:]
        for (id, parent) in try db.lost() {
            let row = try tx.fresh(id)
            let directory = try directories[parent].or { () throws(StoreError) in
                let namespace = row.node.namespace ?? .blobs
                // Its number is used again where nothing else has it: what is below it is not touched then.
                let isNumber = (NodeID.firstFree..<(1 << 62)).contains(parent.rawValue)
                let isFree = try db.node(parent) == nil && isNumber
                let name = FileName(unchecked: Array(isNumber ? "#\(parent.rawValue)".utf8 : "#lost".utf8))
                return try makeDirectory(
                    name, in: try lostAndFound(namespace), id: isFree ? parent : try tx.newNodeID())
            }
            directories[parent] = directory
            if directory != parent {
                let isTaken = try db.child(row.node.name, of: directory) != nil
                if isTaken { try moveToLost(id) } else { try place(id, row.node.name, in: directory) }
            }
            note(id, "its directory is gone", "it lies in lost+found")
        }
    }

    /// Directories that lie within themselves: one of each circle goes to lost+found, with all below it.
    private func breakCircles() throws(StoreError) {
        while let start = try db.unreachable().first {
            var seen: Set<NodeID> = []
            var current = start
            while seen.insert(current).inserted, let row = try db.node(current) { current = row.node.parent }
            note("\(current)", "no way from the root leads to it", "moved to \(try moveToLost(current))")
        }
    }

    private func rename(_ id: NodeID, _ damage: Connection.NameDamage) throws(StoreError) {
        let row = try tx.fresh(id)
        let before = db.shownPath(id)
        if damage == .misplaced {
            try db.run("UPDATE node SET cookie = -ino WHERE ino = ?", id)
            let slot = try db.slot(row.node.name, in: row.node.parent)
            if slot.found == nil, slot.free != nil {
                try place(id, row.node.name, in: row.node.parent)
                return note(before, damage.rawValue, "its place was calculated again")
            }
        }
        note(before, damage.rawValue, "moved to \(try moveToLost(id))")
    }
}
