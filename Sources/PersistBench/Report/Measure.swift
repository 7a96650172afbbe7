/// What one row of the tables shows.
struct Measure {
    enum Unit: String {
        case microseconds = "µs"
        case milliseconds = "ms"
        case mebibytesPerSecond = "MiB/s"
        case perSecond = "/s"
        case mebibytes = "MiB"

        var isRate: Bool { self == .mebibytesPerSecond || self == .perSecond }
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
        case .microseconds, .mebibytes: run.p50
        case .milliseconds: run.p50 / 1000
        case .mebibytesPerSecond: run.rate / 1_048_576
        case .perSecond: run.rate
        }
    }

    static func named(_ name: String) -> Measure? { all.first { $0.name == name } }

    static let all = small + large + programs + many + s3

    private static let small: [Measure] = [
        Measure("create", .microseconds, "create + write 100 B + close"),
        Measure("create-fsync", .microseconds, "the same with fsync"),
        Measure("stat-cold", .microseconds, "stat, cold"),
        Measure("stat-warm", .microseconds, "stat, warm after 2 s"),
        Measure("read-cold", .microseconds, "open + read + close, cold"),
        Measure("read-warm", .microseconds, "open + read + close, warm"),
        Measure("list-cold", .milliseconds, "read directory, then stat all, cold"),
        Measure("list-again", .milliseconds, "read directory, then stat all, again"),
        Measure("names-cold", .milliseconds, "read directory (`ls -f`), cold"),
        Measure("ls-cold", .milliseconds, "`ls -l`, cold"),
        Measure("ls-again", .milliseconds, "`ls -l`, again"),
        Measure("unlink", .microseconds, "unlink"),
        Measure("rm", .milliseconds, "`rm -rf`"),
    ]

    private static let large: [Measure] = [
        Measure("write-1M", .mebibytesPerSecond, "sequential write, 1 MiB pieces, fsync"),
        Measure("write-4K", .mebibytesPerSecond, "sequential write, 4 KiB pieces, fsync"),
        Measure("reread-cold", .mebibytesPerSecond, "sequential read, 1 MiB pieces, cold"),
        Measure("reread-warm", .mebibytesPerSecond, "sequential read, 1 MiB pieces, warm"),
        Measure("reread-4K", .mebibytesPerSecond, "sequential read, 4 KiB pieces, cold"),
        Measure("random-read", .perSecond, "random 4 KiB reads, cold"),
        Measure("random-write", .perSecond, "random 4 KiB writes, fsync at the end"),
        Measure("fsync-1", .perSecond, "write + fsync, 1 writer"),
        Measure("fsync-8", .perSecond, "write + fsync, 8 writers"),
        Measure("append-1", .perSecond, "event lines, 1 writer"),
        Measure("append-8-1", .perSecond, "event lines, 8 writers, one stream"),
        Measure("append-8-8", .perSecond, "event lines, 8 writers, eight streams"),
    ]

    private static let programs: [Measure] = [
        Measure("rsync-in", .milliseconds, "`rsync -a` in"),
        Measure("rsync-out", .milliseconds, "`rsync -a` out, cold"),
        Measure("rsync-again", .milliseconds, "`rsync -a` again"),
        Measure("clone", .milliseconds, "`git clone`"),
        Measure("du", .milliseconds, "`du`, cold"),
        Measure("grep", .milliseconds, "`grep -r`, cold"),
    ]

    private static let many: [Measure] = [
        Measure("mount", .milliseconds, "mount, many keys"),
        Measure("many-names", .milliseconds, "`ls -f` of many keys"),
        Measure("first-name", .milliseconds, "the first name of many"),
        Measure("lookup-few", .microseconds, "stat among 1,000 keys, cold"),
        Measure("lookup-many", .microseconds, "stat among many keys, cold"),
        Measure("memory-names", .mebibytes, "memory while many are listed"),
        Measure("memory-write", .mebibytes, "memory while a large blob is written"),
        Measure("memory-read", .mebibytes, "memory while a large blob is read"),
        Measure("move", .milliseconds, "`mv` of a directory of a tenth as many files"),
        Measure("close", .microseconds, "close of 4 KiB, while checkpointing"),
    ]

    /// "In the bucket": until a listing of it shows all.
    private static let s3: [Measure] = [
        Measure("s3-small", .milliseconds, "small files, until the last close"),
        Measure("s3-small-sent", .milliseconds, "small files, until all is in the bucket"),
        Measure("s3-ls-cold", .milliseconds, "`ls -lR` of five times as many, cold"),
        Measure("s3-ls-warm", .milliseconds, "`ls -lR` of five times as many, warm"),
        Measure("s3-write", .mebibytesPerSecond, "sequential write, until close"),
        Measure("s3-write-sent", .mebibytesPerSecond, "sequential write, until it is in the bucket"),
        Measure("s3-read-cold", .mebibytesPerSecond, "sequential read, cold"),
        Measure("s3-read-warm", .mebibytesPerSecond, "sequential read, warm"),
        Measure("s3-random", .perSecond, "random 4 KiB reads, cold"),
        Measure("s3-rsync-in", .milliseconds, "`rsync -a` in"),
        Measure("s3-rsync-sent", .milliseconds, "`rsync -a` in, until all is in the bucket"),
        Measure("s3-rsync-again", .milliseconds, "`rsync -a` in again"),
        Measure("s3-rsync-out", .milliseconds, "`rsync -a` out, cold"),
    ]
}
