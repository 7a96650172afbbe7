extension Bar {
    static let all = small + large + programs + many + s3

    private static let small: [Bar] = [
        Bar("create", .atMost(0.9, of: "pt"), mode: "same"),
        Bar("create", .atMost(1.0, of: "pt"), mode: "free"),
        Bar("create", .atMost(1.0, of: "pt"), side: "records", mode: "same"),
        Bar("create", .atMost(1.1, of: "pt"), side: "records", mode: "free"),
        Bar("create", .atMost(0.8, of: "ptx")),
        Bar("create", .atMost(0.8, of: "ptx"), side: "records"),
        Bar("create", .timesAsFast(8, as: "juicefs")),
        Bar("create", .timesAsFast(8, as: "juicefs"), side: "records"),
        Bar("create", .tail(5)),
        Bar("create", .tail(5), side: "records"),
        // At least 0.8 of the rate.
        Bar("create", .atMost(1.25, of: "persistfs"), side: "cached"),
        Bar("create-fsync", .atMost(1.0, of: "pt")),
        Bar("create-fsync", .atMost(1.0, of: "pt"), side: "records"),
        Bar("stat-cold", .atMost(0.9, of: "pt")),
        Bar("stat-warm", .atMost(1.2, of: "disk")),
        Bar("read-cold", .atMost(0.8, of: "pt")),
        Bar("read-warm", .atMost(1.0, of: "pta")),
        Bar("unlink", .atMost(1.3, of: "pt")),
        Bar("unlink", .atMost(1.3, of: "pt"), side: "records"),
        Bar("unlink", .timesAsFast(8, as: "juicefs")),
        Bar("rm", .atMost(1.3, of: "pt")),
        Bar("rm", .atMost(1.3, of: "pt"), side: "records"),
        Bar("rm", .timesAsFast(8, as: "juicefs")),
        Bar("list-cold", .atMost(0.3, of: "pt")),
        Bar("ls-cold", .atMost(0.85, of: "ptx")),
        Bar("ls-again", .atMost(0.85, of: "ptx")),
    ]

    private static let large: [Bar] = [
        Bar("write-1M", .atLeast(0.8, of: "sqlite")),
        Bar("write-1M", .atLeast(1.0, of: "juicefs")),
        Bar("write-4K", .atLeast(0.8, of: "ptx")),
        Bar("reread-cold", .atLeast(0.8, of: "pt")),
        Bar("reread-warm", .atLeast(0.9, of: "pta")),
        Bar("random-read", .atLeast(0.8, of: "pt")),
        Bar("random-write", .timesAsFast(10, as: "juicefs")),
        Bar("random-write", .atLeast(0.3, of: "pt")),
        Bar("append-1", .atLeast(0.4, of: "pt")),
        Bar("append-1", .atLeast(0.8, of: "ptx")),
        Bar("append-8-1", .atLeast(0.4, of: "pt")),
        Bar("append-8-8", .atLeast(0.4, of: "pt")),
    ]

    private static let programs: [Bar] = [
        Bar("rsync-in", .atMost(1.2, of: "pt")),
        Bar("rsync-out", .atMost(1.0, of: "pt")),
        Bar("rsync-again", .atMost(1.0, of: "pt")),
        Bar("clone", .atMost(1.5, of: "pt")),
        Bar("du", .atMost(1.0, of: "pt")),
        Bar("grep", .atMost(1.0, of: "pt")),
    ]

    private static let many: [Bar] = [
        Bar("mount", .below(100)),
        Bar("first-name", .atMostOther(0.05, measure: "many-names")),
        Bar("lookup-many", .atMostOther(1.1, measure: "lookup-few")),
        Bar("memory-names", .below(64)),
        Bar("memory-write", .below(64)),
        Bar("memory-read", .below(64)),
        Bar("move", .below(5)),
        Bar("close", .tail(10)),
    ]

    private static let s3: [Bar] =
        [
            "s3-small", "s3-small-sent", "s3-ls-cold", "s3-ls-warm", "s3-rsync-in", "s3-rsync-sent", "s3-rsync-again",
            "s3-rsync-out",
        ].map { Bar($0, .timesAsFastAsBest(2, of: rivals)) }
        + ["s3-write", "s3-write-sent", "s3-read-cold", "s3-read-warm", "s3-random"].map {
            Bar($0, .timesAsFastAsBest(1, of: rivals))
        }

    private static let rivals = ["rclone", "s3fs", "juicefs", "writeback"]
}
