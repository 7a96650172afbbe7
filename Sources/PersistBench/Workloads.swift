internal import Glibc

/// What the words of the command line mean.
struct Workloads {
    let words: [String]

    static let usage = """
        usage: persistfs-bench WORKLOAD ...       prints p50 and p99 in microseconds, and the rate a second
          create DIR COUNT | create-fsync DIR COUNT | close DIR COUNT
          stat DIR COUNT | lookup DIR COUNT OF | read DIR COUNT | unlink DIR COUNT
          list DIR | names DIR | first-name DIR   reads a directory; list then stats each name
          write FILE BYTES PIECE | reread FILE BYTES PIECE
          random-read FILE BYTES COUNT | random-write FILE BYTES COUNT
          append DIR LINES WRITERS STREAMS | fsync DIR COUNT WRITERS
          time UNITS COMMAND...
          sqlite create|stat|read|unlink|append|write|reread FILE COUNT-OR-BYTES
          memory PID WORKLOAD ...                 prints MiB of RssAnon at most
        persistfs-bench fill STORE DIR COUNT | tree DIR COUNT       makes files
        persistfs-bench proxy http://A.B.C.D:PORT                   delays and counts requests of S3, as it is told
        persistfs-bench report RESULTS            medians, ratios and bars of a file of results
        """

    /// The line to print.
    func run() throws(Failure) -> String {
        let place = try word(1)
        let files = SmallFiles(directory: place)
        switch words[0] {
        case "create": return try files.create(count: number(2)).line()
        case "create-fsync": return try files.create(count: number(2), isSynced: true).line()
        case "close": return try files.close(count: number(2)).line()
        case "stat": return try files.stat(count: number(2)).line()
        case "lookup": return try files.stat(count: number(2), of: number(3)).line()
        case "read": return try files.read(count: number(2)).line()
        case "unlink": return try files.unlink(count: number(2)).line()
        case "list": return try Listing(directory: place).run(.attributes)
        case "names": return try Listing(directory: place).run(.names)
        case "first-name": return try Listing(directory: place).run(.firstName)
        case "write": return try large().write(piece: number(3)).line(units: Double(number(2)))
        case "reread": return try large().read(piece: number(3)).line(units: Double(number(2)))
        case "random-read": return try large().random(count: number(3), writes: false).line()
        case "random-write": return try large().random(count: number(3), writes: true).line()
        case "append":
            return try Logs(directory: place, writers: number(3)).append(lines: number(2), streams: number(4)).line()
        case "fsync": return try Logs(directory: place, writers: number(3)).synced(count: number(2)).line()
        case "time":
            _ = try word(2)
            return try TimedCommand(words: Array(words.dropFirst(2))).run().line(units: Double(number(1)))
        case "sqlite": return try sqlite(PlainSQLite(path: word(2)))
        case "memory":
            let inner = Workloads(words: Array(words.dropFirst(2)))
            return try Memory(of: number(1)).line { () throws(Failure) in _ = try inner.run() }
        case "fill": return try StoreFill(store: place, directory: word(2)).run(count: number(3)).line()
        case "tree":
            try SourceTree(directory: place).make(count: number(2))
            return ""
        case "proxy":
            try CountingProxy(server: place).run()
            return ""
        case "report": return try Report(results: Results(file: place)).text
        default: throw Failure(Self.usage)
        }
    }

    private func sqlite(_ file: PlainSQLite) throws(Failure) -> String {
        let count = try number(3)
        switch words[1] {
        case "create": return try file.create(count: count).line()
        case "stat": return try file.stat(count: count).line()
        case "read": return try file.read(count: count).line()
        case "unlink": return try file.unlink(count: count).line()
        case "append": return try file.append(lines: count).line()
        case "write": return try file.write(bytes: count).line(units: Double(count))
        case "reread": return try file.reread(bytes: count).line(units: Double(count))
        default: throw Failure(Self.usage)
        }
    }

    private func large() throws(Failure) -> LargeFile { LargeFile(path: try word(1), bytes: try number(2)) }

    private func word(_ index: Int) throws(Failure) -> String {
        guard index < words.count else { throw Failure(Self.usage) }
        return words[index]
    }

    private func number(_ index: Int) throws(Failure) -> Int {
        guard let value = Int(try word(index)), value > 0 else { throw Failure(Self.usage) }
        return value
    }
}
