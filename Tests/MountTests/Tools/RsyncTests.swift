import PersistTestKit
import Testing

/// rsync, by each of its modes: the second run has nothing to do.
@Suite struct RsyncTests {
    static let modes = [
        "-a", "-aX", "-a --inplace", "-a --append", "-a --append-verify", "-a --partial", "-a --delay-updates",
        "-a --backup", "-a --delete", "-aX --inplace --delete", "-a --partial --delay-updates --delete", "-ac", "-aW",
        "-aS",
    ]

    /// What one namespace can hold, in `$SCRATCH/src`.
    private static let source = """
        \(FileToolTests.tree)
        rm -rf $SCRATCH/values; mkdir -p $SCRATCH/values/users; cd $SCRATCH/values
        for i in $(seq 10); do echo "{\\"i\\":$i}" > users/u$i.json; done
        chmod 600 users/u1.json; touch -d @1000000000.123456789 users/u2.json
        mkdir -p $SCRATCH/logs; cd $SCRATCH/logs
        for i in $(seq 50); do echo "{\\"i\\":$i}"; done | tee a.jsonl b.ndjson > c.log
        touch -d @1000000000.123456789 a.jsonl
        """

    @Test("rsync in and out, and then nothing to do", arguments: modes)
    func mode(mode: String) async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            try await mount.succeed(Self.source)
            let round = """
                rsync \(mode) $SCRATCH/src/ blobs/dst/
                rsync \(mode) $SCRATCH/values/ records/dst/
                rsync \(mode) $SCRATCH/values/ kv/dst/
                rsync \(mode) -i $SCRATCH/src/ blobs/dst/
                rsync \(mode) -i $SCRATCH/values/ records/dst/
                rsync \(mode) -i $SCRATCH/values/ kv/dst/
                """
            expect(try await mount.succeed(round), is: "")
            // The source changes: a file grows, one appears, one goes.
            try await mount.succeed(
                """
                echo more >> $SCRATCH/src/a/f6; head -c 50000 /dev/urandom >> $SCRATCH/src/a/b/random; echo new > $SCRATCH/src/new
                rm $SCRATCH/src/a/f7; echo '   ' >> $SCRATCH/values/users/u3.json; chmod 640 $SCRATCH/src/a/f8
                touch -d @2000000000 $SCRATCH/values/users/u4.json
                """)
            expect(try await mount.succeed(round), is: "")
            try await mount.killAndRemount()
            let extra = mode.contains("--delete") ? "" : "-x f7 "
            let backups = mode.contains("--backup") ? "-x '*~' " : ""
            try await mount.succeed(
                """
                diff -r --no-dereference -x fifo \(extra)\(backups)$SCRATCH/src blobs/dst
                diff -r \(backups)$SCRATCH/values records/dst
                diff -r \(backups)$SCRATCH/values kv/dst
                """)
            // And out again.
            let out = """
                rsync \(mode) blobs/dst/ $SCRATCH/out/
                rsync \(mode) -i blobs/dst/ $SCRATCH/out/
                """
            expect(try await mount.succeed(out), is: "")
            try await fixture.expectRows("SELECT count(*) FROM records WHERE key LIKE 'dst/users/%'", is: "10")
            if !mode.contains("--delete") { try await mount.succeed("test -e blobs/dst/a/f7") }
        }
    }

    @Test("rsync brings event logs, and what they have grown by", arguments: modes.filter { !$0.contains("--backup") })
    func streams(mode: String) async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            try await mount.succeed(Self.source)
            let round = """
                rsync \(mode) $SCRATCH/logs/ events/
                rsync \(mode) -i $SCRATCH/logs/ events/
                """
            expect(try await mount.succeed(round), is: "")
            let inode = try await mount.succeed("stat -c %i events/a.jsonl")
            try await mount.succeed("for f in a.jsonl b.ndjson c.log; do echo '{\"i\":51}' >> $SCRATCH/logs/$f; done")
            expect(try await mount.succeed(round), is: "")
            try await mount.killAndRemount()
            try await mount.succeed("diff -r $SCRATCH/logs events")
            #expect(
                try await mount.succeed("stat -c %i events/a.jsonl; ls -A events")
                    == "\(inode)\na.jsonl\nb.ndjson\nc.log")
        }
    }

    // A stream cannot be renamed away: some versions of rsync stop there, others copy it and go on.
    @Test("rsync --backup of a stream takes nothing from it")
    func backupOfStream() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            try await mount.succeed(
                Self.source + "\nrsync -a $SCRATCH/logs/ $MOUNT/events/; echo '{\"i\":51}' >> $SCRATCH/logs/a.jsonl")
            let inode = try await mount.succeed("stat -c %i events/a.jsonl")
            let result = try await mount.shell("rsync -a --backup $SCRATCH/logs/ events/")
            let lines = try await mount.succeed("wc -l < events/a.jsonl; stat -c %i events/a.jsonl")
            expect(lines, is: "\(result.succeeded ? 51 : 50)\n\(inode)")
            try await mount.succeed("head -n 50 events/a.jsonl | cmp - $SCRATCH/logs/b.ndjson")
            if result.succeeded { try await mount.succeed("cmp events/a.jsonl~ $SCRATCH/logs/b.ndjson") }
        }
    }

    @Test("a record that is refused makes rsync fail, and the last good version stays")
    func refusedRecord() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            try await mount.succeed(
                "mkdir $SCRATCH/r; echo '[1]' > $SCRATCH/r/a.json; echo '[2]' > $SCRATCH/r/b.json; rsync -a $SCRATCH/r/ records/"
            )
            try await mount.succeed("echo '[1' > $SCRATCH/r/a.json; echo '[22]' > $SCRATCH/r/b.json")
            let result = try await mount.shell("rsync -a $SCRATCH/r/ records/")
            #expect(!result.succeeded)
            #expect(
                try await mount.succeed("cat records/a.json records/b.json; ls -A records")
                    == "[1]\n[22]\na.json\nb.json")
        }
    }

    @Test("a backup of the whole mount, restored into a new store, is equal")
    func backupAndRestore() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            try await mount.succeed(
                Self.source + """

                    cd $MOUNT; cp -a $SCRATCH/src blobs/tree; cp -a $SCRATCH/values/users records/; cp -a $SCRATCH/values kv/
                    cp $SCRATCH/logs/* events/; printf 'unfinished' >> events/c.log; printf '\\377\\000' > kv/binary
                    touch records/placeholder.json; echo readme > records/README.md; mkdir -p events/deep/er; echo x > events/deep/er/x.log
                    chmod 750 kv; touch -d @1234567.5 blobs events
                    rsync -aX ./ $SCRATCH/backup/; rsync -aX -i ./ $SCRATCH/backup/
                    """)
            let restored = try await fixture.another(store: fixture.scratch + "/restored.db")
            let rounds = """
                rsync -aX $SCRATCH/backup/ ./
                rsync -aX -i $SCRATCH/backup/ ./
                rsync -aXcn -i --delete $SCRATCH/backup/ ./
                rsync -aXcn -i --delete \(mount.point)/ ./
                diff -r --no-dereference -x fifo \(mount.point) .
                """
            expect(try await restored.succeed(rounds), is: "")
            try await restored.remount()
            expect(try await restored.succeed(rounds), is: "")
            let count = "SELECT count(*), sum(length(value)) FROM records; SELECT count(*), sum(length(value)) FROM kv"
            let copy = try await mount.outside(["sqlite3", fixture.scratch + "/restored.db", count])
            expect(try await fixture.sql(count), is: copy.output)
        }
    }
}
