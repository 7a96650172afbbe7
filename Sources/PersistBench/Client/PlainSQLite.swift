internal import CSQLite

/// The same work in a SQLite file without a filesystem: what no mount of one can be faster than.
///
/// Pages, WAL and chunks are as in a store. Each change is a transaction of its own, as each close is.
struct PlainSQLite {
    private let database: Database
    private static let chunk = 64 << 10
    private static let body = [UInt8](repeating: 0x78, count: 100)

    init(path: String) throws(Failure) {
        database = try Database(path: path)
        try database.execute(
            """
            PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
            PRAGMA wal_autocheckpoint = 1024;
            CREATE TABLE IF NOT EXISTS file(
                id INTEGER PRIMARY KEY, parent INTEGER, name TEXT, mode INTEGER, mtime INTEGER, size INTEGER, body BLOB);
            CREATE UNIQUE INDEX IF NOT EXISTS file_name ON file(parent, name);
            CREATE TABLE IF NOT EXISTS chunk(id INTEGER PRIMARY KEY, body BLOB);
            CREATE TABLE IF NOT EXISTS event(id INTEGER PRIMARY KEY, line BLOB);
            """)
    }

    func create(count: Int) throws(Failure) -> Samples {
        let insert = try database.prepare(
            "INSERT INTO file(parent, name, mode, mtime, size, body) VALUES (1, ?, 33188, ?, 100, ?)")
        return try each(count) { path, number throws(Failure) in
            try withBody { bytes throws(Failure) in
                insert.bind(1, name: path)
                insert.bind(2, Int64(number))
                insert.bind(3, bytes)
                try insert.run()
            }
        }
    }

    func stat(count: Int) throws(Failure) -> Samples {
        let select = try database.prepare("SELECT mode, mtime, size FROM file WHERE parent = 1 AND name = ?")
        return try each(count) { path, _ throws(Failure) in
            select.bind(1, name: path)
            guard try select.step(), select.integer(2) == 100 else { throw Failure("a row is missing") }
            select.reset()
        }
    }

    func read(count: Int) throws(Failure) -> Samples {
        let select = try database.prepare("SELECT body FROM file WHERE parent = 1 AND name = ?")
        var last: UInt8 = 0
        return try each(count) { path, _ throws(Failure) in
            select.bind(1, name: path)
            guard try select.step(), select.bytes(0).count == 100 else { throw Failure("a row is missing") }
            last &+= select.bytes(0)[99]
            select.reset()
        }
    }

    func unlink(count: Int) throws(Failure) -> Samples {
        let delete = try database.prepare("DELETE FROM file WHERE parent = 1 AND name = ?")
        return try each(count) { path, _ throws(Failure) in
            delete.bind(1, name: path)
            try delete.run()
        }
    }

    func append(lines: Int) throws(Failure) -> Samples {
        let insert = try database.prepare("INSERT INTO event(line) VALUES (?)")
        return try each(lines) { _, _ throws(Failure) in
            try withBody { bytes throws(Failure) in
                insert.bind(1, bytes)
                try insert.run()
            }
        }
    }

    /// Chunks in transactions of 4 MiB, as a store writes them; the last commit syncs.
    func write(bytes: Int) throws(Failure) -> Samples {
        let data = LargeFile.noise(1 << 20)
        let insert = try database.prepare("INSERT INTO chunk(body) VALUES (?)")
        var samples = Samples(count: bytes / (4 << 20))
        samples.begin()
        for offset in stride(from: 0, to: bytes, by: 4 << 20) {
            let start = now()
            if offset + 4 << 20 >= bytes { try database.execute("PRAGMA synchronous = FULL") }
            try database.execute("BEGIN IMMEDIATE")
            for part in stride(from: offset, to: min(bytes, offset + 4 << 20), by: Self.chunk) {
                let from = part % (1 << 20)
                try Self.lend(data, from..<(from + Self.chunk)) { piece throws(Failure) in
                    insert.bind(1, piece)
                    try insert.run()
                }
            }
            try database.execute("COMMIT")
            samples.add(now() - start)
        }
        samples.end()
        return samples
    }

    func reread(bytes: Int) throws(Failure) -> Samples {
        let select = try database.prepare("SELECT body FROM chunk WHERE id = ?")
        var samples = Samples(count: bytes / Self.chunk)
        var buffer = [UInt8](repeating: 0, count: Self.chunk)
        samples.begin()
        for number in 1...(bytes / Self.chunk) {
            let start = now()
            select.bind(1, Int64(number))
            guard try select.step(), select.bytes(0).count == Self.chunk else { throw Failure("a chunk is missing") }
            buffer.withUnsafeMutableBytes { $0.copyMemory(from: select.bytes(0)) }
            select.reset()
            samples.add(now() - start)
        }
        samples.end()
        return samples
    }

    private func each(
        _ count: Int, _ body: (UnsafePointer<CChar>, Int) throws(Failure) -> Void
    ) throws(Failure) -> Samples {
        let path = NumberedPath(directory: "")
        var samples = Samples(count: count)
        samples.begin()
        for number in 0..<count {
            let start = now()
            try body(path.at(number), number)
            samples.add(now() - start)
        }
        samples.end()
        return samples
    }

    private func withBody(_ use: (UnsafeRawBufferPointer) throws(Failure) -> Void) throws(Failure) {
        try Self.lend(Self.body, 0..<Self.body.count, use)
    }

    /// Bytes at an address that stays while they are used.
    private static func lend(
        _ bytes: [UInt8], _ range: Range<Int>, _ use: (UnsafeRawBufferPointer) throws(Failure) -> Void
    ) throws(Failure) {
        var failure: Failure?
        bytes.withUnsafeBytes { all in
            do throws(Failure) { try use(UnsafeRawBufferPointer(rebasing: all[range])) } catch { failure = error }
        }
        if let failure { throw failure }
    }
}
