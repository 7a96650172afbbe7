internal import CSQLite
internal import Persist

/// Looks at everything in a store, in one read transaction: SQLite's own structure, and what our tables promise.
struct Checker {
    let db: Connection
    let limits: StoreLimits
    private(set) var findings: [CheckFinding] = []

    init(_ db: Connection, limits: StoreLimits) {
        self.db = db
        self.limits = limits
    }

    mutating func run() throws(StoreError) {
        try look { check throws(StoreError) in
            for line in try IntegrityLine.all(of: check.db) { check.report("SQLite: \(line.text)", hint: line.hint) }
        }
        try look { check throws(StoreError) in try check.checkSchema() }
        try look { check throws(StoreError) in try check.checkTree() }
        try look { check throws(StoreError) in try check.checkDocuments() }
        try look { check throws(StoreError) in try check.checkBodies() }
        try look { check throws(StoreError) in try check.checkStreams() }
    }

    /// A part that cannot be read to its end is a finding: the others may be.
    private mutating func look(_ part: (inout Checker) throws(StoreError) -> Void) throws(StoreError) {
        do throws(StoreError) { try part(&self) } catch {
            guard error.kind == .corrupt else { throw error }
            // A table that is gone is another matter than a page.
            let isPage = error.code.map { $0 & 0xff == SQLITE_CORRUPT } ?? false
            report("\(error)", hint: isPage ? IntegrityLine.salvageHint : nil)
        }
    }

    mutating func report(_ problem: String, _ id: NodeID? = nil, hint: String? = nil) {
        findings.append(CheckFinding(path: id.map(db.shownPath) ?? "", problem: problem, hint: hint))
    }

    private mutating func report(_ problem: String, all ids: [NodeID]) {
        for id in ids { report(problem, id) }
    }

    private mutating func report(_ count: Int64, _ problem: String) {
        if count > 0 { report("\(count) \(problem)") }
    }

    // MARK: The parts

    private mutating func checkSchema() throws(StoreError) {
        for object in try db.missingObjects() { report("the \(object.type) \(object.name) is gone") }
        for (id, name) in try db.brokenNamespaces() {
            report("the \(id == .root ? "root" : "directory \(name)") of the store is gone")
        }
        for (sequence, next) in try db.lowCounters() {
            report("the counter \(sequence.metaName) is gone, or below \(next)")
        }
        if try !db.hasStoreID { report("the store has lost its identifier") }
        report(Int64(try db.forgottenMounts().count), "mounts that nobody knows have left something")
    }

    private mutating func checkTree() throws(StoreError) {
        report("its directory is gone", all: try db.lost().map(\.id))
        report("no way from the root leads to it", all: try db.unreachable())
        report("it has no name, and nobody has it open", all: try db.forgotten())
        for (id, damage) in try db.misnamed() { report(damage.rawValue, id) }
        report("it lies in another of the four directories than it belongs to", all: try db.strayed())
    }

    private mutating func checkDocuments() throws(StoreError) {
        for namespace in [Namespace.records, .kv] {
            report("its value is gone", all: try db.withoutRow(namespace))
            for row in try db.damagedRows(namespace, depthMax: limits.depthMax) {
                let key = String(decoding: row.key, as: UTF8.self)
                switch row.kind {
                case .noNode: report("the row of \(key) in \(namespace.name) has no name")
                case .otherKey: report("its row has the key \(key)", row.id)
                case .size(let size, let bytes):
                    report("its size is \(size), its value has \(bytes) bytes", row.id)
                case .broken(let problem): report("it is no JSON document: \(problem)", row.id)
                case .foreign(let problem):
                    report(
                        "it is no JSON document: \(problem)", row.id,
                        hint: "another program wrote it, and may read it: write a document over it, or remove it")
                }
            }
        }
    }

    private mutating func checkBodies() throws(StoreError) {
        for (id, chunks) in try db.incomplete() {
            report(chunks == 1 ? "a chunk of it is gone" : "\(chunks) chunks of it are gone", id)
        }
        for path in try db.damagedBodyFiles() {
            report("\(path) is gone or cut", hint: "mount the store: what the far side has is fetched again")
        }
        for (id, _) in try db.damagedPatches() { report("what was written over a chunk of it is damaged", id) }
        report("it has chunks behind its end", all: try db.overlong())
        report(Int64(try db.strayBodies().count), "bodies belong to nothing")
        report(Int64(try db.strayChunks().count), "chunks belong to nothing")
        report(try db.miscounted(), "chunks have a wrong number of owners")
    }

    private mutating func checkStreams() throws(StoreError) {
        for stream in try db.streams() {
            if let problem = try db.problem(of: stream, depthMax: limits.depthMax) { report(problem, stream.id) }
        }
        report(Int64(try db.strayStreams().count), "logs without a name have events")
    }
}

extension Connection {
    /// For people; of a node that no path leads to, its number.
    func shownPath(_ id: NodeID) -> String {
        // What is wrong may be the way to it.
        if let row = try? node(id), let found = try? path(of: row) { return String(decoding: found, as: UTF8.self) }
        return "\(id)"
    }
}
