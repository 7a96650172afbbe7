/// What one row of the tables shows.
struct Measure {
    enum Unit: String {
        case microseconds = "µs"
        case milliseconds = "ms"
        case mebibytes = "MiB/s"
        case perSecond = "/s"

        var isTime: Bool { self == .microseconds || self == .milliseconds }
    }

    var name: String
    var title: String
    var unit: Unit

    init(_ name: String, _ unit: Unit, _ title: String) {
        self.name = name
        self.unit = unit
        self.title = title
    }

    func value(_ run: Results.Run) -> Double {
        switch unit {
        case .microseconds: run.p50
        case .milliseconds: run.p50 / 1000
        case .mebibytes: run.rate / 1_048_576
        case .perSecond: run.rate
        }
    }

    static let all: [Measure] = [
        Measure("create", .microseconds, "create + write 100 B + close"),
        Measure("create-fsync", .microseconds, "the same with fsync"),
        Measure("stat-cold", .microseconds, "stat, cold"),
        Measure("stat-warm", .microseconds, "stat, warm after 2 s"),
        Measure("read-cold", .microseconds, "open + read + close, cold"),
        Measure("read-warm", .microseconds, "open + read + close, warm"),
        Measure("list-cold", .milliseconds, "read directory, then stat all, cold"),
        Measure("list-again", .milliseconds, "read directory, then stat all, again"),
        Measure("names-cold", .milliseconds, "read directory alone (`ls -f`), cold"),
        Measure("ls-cold", .milliseconds, "`ls -l`, cold"),
        Measure("ls-again", .milliseconds, "`ls -l`, again"),
        Measure("unlink", .microseconds, "unlink"),
        Measure("rm", .milliseconds, "`rm -rf`"),
        Measure("write-1M", .mebibytes, "sequential write, 1 MiB pieces, fsync"),
        Measure("write-4K", .mebibytes, "sequential write, 4 KiB pieces, fsync"),
        Measure("reread-cold", .mebibytes, "sequential read, 1 MiB pieces, cold"),
        Measure("reread-warm", .mebibytes, "sequential read, 1 MiB pieces, warm"),
        Measure("reread-4K", .mebibytes, "sequential read, 4 KiB pieces, cold"),
        Measure("random-read", .perSecond, "random 4 KiB reads, cold"),
        Measure("random-write", .perSecond, "random 4 KiB writes, fsync at the end"),
        Measure("fsync-1", .perSecond, "write + fsync, 1 writer"),
        Measure("fsync-8", .perSecond, "write + fsync, 8 writers"),
        Measure("append-1", .perSecond, "event lines, 1 writer"),
        Measure("append-8-1", .perSecond, "event lines, 8 writers, one stream"),
        Measure("append-8-8", .perSecond, "event lines, 8 writers, eight streams"),
        Measure("rsync-in", .milliseconds, "`rsync -a` in"),
        Measure("rsync-out", .milliseconds, "`rsync -a` out"),
        Measure("rsync-again", .milliseconds, "`rsync -a` again"),
        Measure("clone", .milliseconds, "`git clone`"),
        Measure("du", .milliseconds, "`du`, cold"),
        Measure("grep", .milliseconds, "`grep -r`, cold"),
    ]

    static func named(_ name: String) -> Measure? { all.first { $0.name == name } }
}
