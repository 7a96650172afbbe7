internal import CSQLite
internal import Persist
internal import SQLiteStore

/// Many small values in one directory of a store that is not mounted: by SQL, in one transaction. A million take
/// minutes through a mount.
struct StoreFill {
    let store: String
    /// As the mount shows it: kv/many.
    let directory: String

    /// One sample: all of it.
    func run(count: Int) throws(Failure) -> Samples {
        let parts = directory.split(separator: "/").map { Array($0.utf8) }
        guard parts.count == 2, let namespace = Namespace.allCases.first(where: { $0.name.bytes == parts[0] }) else {
            throw Failure("\(directory): not a directory in kv/ or blobs/")
        }
        let parent = try make(parts[1], in: namespace)
        let database = try Database(path: store)
        // What follows knows the tables of this version.
        guard try database.number("PRAGMA user_version") == 2 else { throw Failure("\(store): other tables") }
        try addCookie(to: database)
        var samples = Samples(count: 1)
        samples.begin()
        try database.execute("PRAGMA cache_size = -1048576; BEGIN IMMEDIATE")
        try insert(count, namespace, String(decoding: parts[1], as: UTF8.self), parent, database)
        try database.execute("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)")
        samples.end()
        samples.add(samples.total)
        return samples
    }

    /// The store, and the directory in it.
    private func make(_ name: [UInt8], in namespace: Namespace) throws(Failure) -> NodeID {
        do throws(StoreError) {
            let opened = try SQLiteStore.open(path: store, options: .init())
            defer { opened.close() }
            let creation = Creation(
                id: try opened.reserveNodeID(), parent: namespace.node, name: try FileName(name), kind: .directory,
                mode: nil, uid: nil, gid: nil, time: .now())
            return try opened.create(creation).id
        } catch {
            throw Failure("\(store): \(error)")
        }
    }

    /// cookie(NAME): where the store lists a name.
    private func addCookie(to database: Database) throws(Failure) {
        let code = sqlite3_create_function_v2(
            database.handle, "cookie", 1, SQLITE_UTF8, nil,
            { context, _, values in
                guard let value = values?[0], let start = sqlite3_value_blob(value) else { return }
                let bytes = UnsafeRawBufferPointer(start: start, count: Int(sqlite3_value_bytes(value)))
                sqlite3_result_int64(context, Cookie.first(of: FileName(unchecked: Array(bytes))))
            }, nil, nil, nil)
        guard code == SQLITE_OK else { throw database.failure() }
    }

    private func insert(
        _ count: Int, _ namespace: Namespace, _ name: String, _ parent: NodeID, _ database: Database
    ) throws(Failure) {
        let first = try database.number("SELECT value FROM meta WHERE name = 'next_ino'")
        let isDocument = namespace == .kv
        let time = try database.number("SELECT mtime FROM node WHERE ino = \(parent.rawValue)")
        let names = "WITH RECURSIVE new(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM new WHERE n < \(count) - 1)"
        try database.execute(
            """
            UPDATE meta SET value = value + \(count) WHERE name = 'next_ino';
            \(names), named(n, name) AS (SELECT n, CAST(printf('f%07d.json', n) AS BLOB) FROM new)
            INSERT INTO node(ino, parent, cookie, name, ns, kind, class, mtime, ctime, btime, size, stored, rev, small)
                SELECT \(first) + n, \(parent.rawValue), cookie(name), name, \(namespace.rawValue), 1,
                    \(isDocument ? 1 : 2), \(time), \(time), \(time), 8, 8, 1, \(isDocument ? "NULL" : "x'0102030405060708'")
                FROM named;
            """)
        guard isDocument else { return }
        // -2: a new row of ours; the trigger makes it 1.
        try database.execute(
            """
            \(names)
            INSERT INTO kv(ino, key, value, rev)
                SELECT \(first) + n, printf('\(name)/f%07d.json', n), x'0102030405060708', -2 FROM new;
            """)
    }
}
