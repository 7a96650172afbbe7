internal import Glibc

/// Measures one workload at one place, or reports what many such runs have measured. scripts/bench runs it.
@main
enum Bench {
    private static let usage = """
        usage: persistfs-bench WORKLOAD ...       prints p50 and p99 in microseconds, and the rate a second
          create DIR COUNT | create-fsync DIR COUNT | stat DIR COUNT | read DIR COUNT | unlink DIR COUNT
          list DIR | names DIR                    reads a directory; list then stats each name
          write FILE BYTES PIECE | reread FILE BYTES PIECE
          random-read FILE BYTES COUNT | random-write FILE BYTES COUNT
          append DIR LINES WRITERS STREAMS | fsync DIR COUNT WRITERS
          time UNITS COMMAND...
          report RESULTS                          medians, ratios and bars of a file of results

        """

    static func main() {
        do throws(Failure) {
            try run(Array(CommandLine.arguments.dropFirst()))
        } catch {
            print(to: 2, "persistfs-bench: \(error.text)\n")
            exit(1)
        }
    }

    private static func run(_ words: [String]) throws(Failure) {
        guard words.count >= 2 else { throw Failure(usage) }
        func number(_ index: Int) throws(Failure) -> Int {
            guard index < words.count, let value = Int(words[index]), value > 0 else { throw Failure(usage) }
            return value
        }
        let place = words[1]
        switch words[0] {
        case "create": show(try SmallFiles(directory: place, count: number(2)).create(synced: false))
        case "create-fsync": show(try SmallFiles(directory: place, count: number(2)).create(synced: true))
        case "stat": show(try SmallFiles(directory: place, count: number(2)).stat())
        case "read": show(try SmallFiles(directory: place, count: number(2)).read())
        case "unlink": show(try SmallFiles(directory: place, count: number(2)).unlink())
        case "list", "names":
            let (samples, names) = try Listing(directory: place).run(attributes: words[0] == "list")
            show(samples, units: Double(names))
        case "write":
            let bytes = try number(2)
            show(try LargeFile(path: place, bytes: bytes).write(piece: number(3)), units: Double(bytes))
        case "reread":
            let bytes = try number(2)
            show(try LargeFile(path: place, bytes: bytes).read(piece: number(3)), units: Double(bytes))
        case "random-read", "random-write":
            let file = LargeFile(path: place, bytes: try number(2))
            show(try file.random(count: number(3), writes: words[0] == "random-write"))
        case "append":
            show(try Logs(directory: place, writers: number(3)).append(lines: number(2), streams: number(4)))
        case "fsync": show(try Logs(directory: place, writers: number(3)).synced(count: number(2)))
        case "time":
            let units = try number(1)
            guard words.count > 2 else { throw Failure(usage) }
            show(try TimedCommand(words: Array(words.dropFirst(2))).run(), units: Double(units))
        case "report": print(to: 1, try Report(results: Results(file: place)).text)
        default: throw Failure(usage)
        }
    }

    private static func show(_ samples: Samples, units: Double? = nil) {
        print(to: 1, samples.line(units: units) + "\n")
    }

    private static func print(to descriptor: Int32, _ text: String) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let done = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            guard done > 0 else { exit(1) }
            bytes = bytes.dropFirst(done)
        }
    }
}
