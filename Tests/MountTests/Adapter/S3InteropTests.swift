import Glibc
import PersistTestKit
import Testing

/// One bucket, used by a mount and by other clients of S3: what these write is read here with the right modes and times,
/// and the reverse.
///
/// Times of objects are in seconds: what another client does to an object in the second in which it was put from here, with
/// the same bytes, cannot be seen. Hence the `sleep 1.1`.
@Suite struct S3InteropTests {
    /// A file: mode, owners, time, size. A directory: its mode.
    private static let tree = #"""
        find records kv blobs -mindepth 1 \( -type d -printf '%p %m\n' -o -printf '%p %m %U %G %T@ %s %l\n' \) | sort
        find records kv blobs -type f -print0 | sort -z | xargs -0 -r sha256sum
        """#

    /// Waits until a mount shows what another client did, and a machine that has nothing yet shows the same.
    private static func expect(
        _ script: String, is output: String, of mount: TestMount, and bucket: MountedBucket, in fixture: MountFixture
    ) async throws {
        var last = ""
        do {
            try await eventually("the mount shows it") {
                let result = try await mount.shell(script)
                last = result.output + result.error
                return result.output == output
            }
        } catch { throw HarnessError("\(error); it shows\n\(last)\nand not\n\(output)") }
        let other = try await fixture.mount(bucket, cache: "empty")
        let (here, there) = (try await mount.succeed(Self.tree), try await other.succeed(Self.tree))
        #expect(there == here)
    }

    @Test("files of aws s3 cp are read here, and those of a mount by aws", arguments: S3Server.Kind.allCases)
    func aws(kind: S3Server.Kind) async throws {
        try await MountFixture.unmounted { fixture in
            let bucket = try await MountedBucket.make(kind)
            let mount = try await fixture.mount(
                bucket, cache: "one", refreshSeconds: 1, environment: try S3Tools.environment(of: bucket))
            try await mount.succeed(
                #"""
                printf 'of the mount\n' > blobs/ours; chmod 640 blobs/ours; echo '{"n": 1}' > records/ours.json
                printf dark > kv/theme; echo 1 > blobs/removed; echo 1 > blobs/changed; chmod 640 blobs/changed; "$PERSISTFS" sync .
                $AWS s3 cp --quiet --recursive --exclude '.persist/*' "s3://$FAR/" "$SCRATCH/back"
                for file in blobs/ours records/ours.json kv/theme; do cmp $file "$SCRATCH/back/$file"; done
                """#)
            // Its times are those of the upload, in seconds.
            let listed = try await mount.succeed(
                #"""
                cd "$SCRATCH"; mkdir -p up/records up/blobs/deep up/kv; echo '{"theirs": 1}' > up/records/theirs.json
                printf 'of aws\n' > up/blobs/deep/theirs; printf light > up/kv/theirs; echo longer > up/blobs/changed
                # Sent in parts, so that its ETag is no MD5.
                head -c 9000000 /dev/urandom > up/blobs/large
                $AWS s3 cp --quiet --recursive up "s3://$FAR/"
                $AWS s3 cp --quiet --metadata mode=33184,mtime=1600000000.25 up/kv/theirs "s3://$FAR/blobs/described"
                $AWS s3 rm --quiet "s3://$FAR/blobs/removed"
                $AWS s3 ls --recursive "s3://$FAR/blobs/deep/" | sed 's/  */ /g' | cut -d ' ' -f 1-3
                """#)
            try await Self.expect(
                #"""
                cat records/theirs.json kv/theirs blobs/deep/theirs blobs/changed; ls blobs
                stat -c '%n %a %.9Y' blobs/described; stat -c '%n %a' blobs/ours blobs/changed blobs/deep/theirs records/theirs.json
                date -u -d "@$(stat -c %Y blobs/deep/theirs)" "+%F %T 7"
                """#,
                is: #"""
                    {"theirs": 1}
                    lightof aws
                    longer
                    changed
                    deep
                    described
                    large
                    ours
                    blobs/described 640 1600000000.250000000
                    blobs/ours 640
                    blobs/changed 644
                    blobs/deep/theirs 644
                    records/theirs.json 644
                    \#(listed)
                    """#, of: mount, and: bucket, in: fixture)
            try await mount.succeed(
                #"""
                cmp blobs/large "$SCRATCH/up/blobs/large"; chmod 600 blobs/large; "$PERSISTFS" sync .
                $AWS s3 cp --quiet "s3://$FAR/blobs/large" "$SCRATCH/large"; cmp blobs/large "$SCRATCH/large"
                """#)
        }
    }

    @Test(
        "files of rclone are read here with modes and times, and those of a mount by rclone",
        arguments: S3Server.Kind.allCases)
    func rclone(kind: S3Server.Kind) async throws {
        try await MountFixture.unmounted { fixture in
            let bucket = try await MountedBucket.make(kind)
            let mount = try await fixture.mount(
                bucket, cache: "one", refreshSeconds: 1, environment: try S3Tools.environment(of: bucket))
            try await mount.succeed(
                #"""
                printf 'of the mount\n' > blobs/ours; chmod 640 blobs/ours; touch -d @1546304523.123456789 blobs/ours
                mkdir blobs/d; echo '[1]' > records/ours.json; printf 1 > blobs/d/replaced; printf 2 > blobs/d/touched
                chmod 750 blobs/d/touched; printf 3 > blobs/d/moved; touch -d @1500000000.5 blobs/d/moved; "$PERSISTFS" sync .
                test "$(rclone lsl "far:$FAR/blobs" | grep ours)" = '       13 2019-01-01 01:02:03.123456789 ours'
                rclone copy "far:$FAR" "$SCRATCH/back" --exclude '/.persist/**'; rclone check "far:$FAR" . --exclude '/.persist/**'
                for file in blobs/ours records/ours.json blobs/d/replaced; do
                    cmp $file "$SCRATCH/back/$file"; test "$(stat -c %.9Y $file)" = "$(stat -c %.9Y "$SCRATCH/back/$file")"
                done
                """#)
            try await mount.succeed(
                #"""
                sleep 1.1; cd "$SCRATCH"; mkdir -p up/sub
                for mode in 600 640 755 1777 4711; do printf $mode > up/sub/$mode; chmod $mode up/sub/$mode; done
                printf plain > up/plain; touch -d @1600000000.987654321 up/sub/* up/plain; echo other > up/other
                rclone copy --metadata up "far:$FAR/blobs/theirs"; rclone copyto up/plain "far:$FAR/kv/theirs"
                rclone copyto up/plain "far:$FAR/blobs/d/replaced"
                rclone moveto "far:$FAR/blobs/d/moved" "far:$FAR/blobs/d/elsewhere"
                """#)
            // JuiceFS's gateway gives an object that gets other metadata no other time.
            let isTouched = kind == .seaweedfs
            if isTouched {
                try await mount.succeed(#"rclone touch -t 2017-01-01T00:00:00.25 "far:$FAR/blobs/d/touched""#)
            }
            try await Self.expect(
                #"""
                cd blobs; stat -c '%n %a %.9Y' theirs/sub/*; cat theirs/sub/* ../kv/theirs d/replaced; echo; ls d
                stat -c '%n %.9Y' theirs/plain ../kv/theirs d/replaced d/elsewhere; stat -c '%n %a' d/touched
                \#(isTouched ? "stat -c %.9Y d/touched" : "")
                """#,
                is: #"""
                    theirs/sub/1777 1777 1600000000.987654321
                    theirs/sub/4711 4711 1600000000.987654321
                    theirs/sub/600 600 1600000000.987654321
                    theirs/sub/640 640 1600000000.987654321
                    theirs/sub/755 755 1600000000.987654321
                    17774711600640755plainplain
                    elsewhere
                    replaced
                    touched
                    theirs/plain 1600000000.987654321
                    ../kv/theirs 1600000000.987654321
                    d/replaced 1600000000.987654321
                    d/elsewhere 1500000000.500000000
                    d/touched 750\#(isTouched ? "\n1483228800.250000000" : "")
                    """#, of: mount, and: bucket, in: fixture)
        }
    }

    @Test(
        "what s3fs makes is read here with modes, owners, times and attributes, and the reverse",
        arguments: S3Server.Kind.allCases)
    func s3fs(kind: S3Server.Kind) async throws {
        try await MountFixture.unmounted { fixture in
            let bucket = try await MountedBucket.make(kind)
            let mount = try await fixture.mount(
                bucket, cache: "one", refreshSeconds: 1, environment: try S3Tools.environment(of: bucket))
            // JuiceFS's gateway gives an object that gets other metadata no other time: whoever looks before that has the
            // former for good, so here nobody looks meanwhile. And SeaweedFS forgets the mode of a directory.
            let isSeaweed = kind == .seaweedfs
            try await mount.succeed(
                #"""
                give() { [ "$(id -u)" != 0 ] || chown "$@"; }
                mkdir blobs/d; printf 'of the mount\n' > blobs/d/ours; chmod 640 blobs/d/ours; give 1234:2345 blobs/d/ours
                setfattr -n user.note -v 'ä b' blobs/d/ours; touch -d @1546304523.123456789 blobs/d/ours
                printf 1 > blobs/d/removed; printf 1 > blobs/d/changed; printf 1 > blobs/d/touched; "$PERSISTFS" sync .
                look() { stat -c '%n %s %a %u %g %Y' blobs/d/*; getfattr -d --absolute-names blobs/d/ours; cat blobs/d/ours; }
                look > "$SCRATCH/here"; eval "$S3FS"; cd "$SCRATCH/s3fs"; look > "$SCRATCH/there"
                diff "$SCRATCH/here" "$SCRATCH/there"
                sleep 1.1; rm blobs/d/removed; echo longer > blobs/d/changed; \#(isSeaweed ? "" : "exit")
                chmod 604 blobs/d/touched; touch -d @1500000000.5 blobs/d/touched
                """#)
            let user = getuid() == 0 ? "1234 2345" : "\(getuid()) \(getgid())"
            if !isSeaweed { try await mount.unmount() }
            let theirs = #"""
                eval "$S3FS"; cd "$SCRATCH/s3fs/blobs"; mkdir -p theirs/empty theirs/gone; printf 'of s3fs\n' > theirs/f
                chmod 640 theirs/f; [ "$(id -u)" != 0 ] || chown 1234:2345 theirs/f; setfattr -n user.a -v b theirs/f
                touch -d @1612325106.7 theirs/f; ln -s f theirs/link; \#(isSeaweed ? "" : "chmod 711 theirs/empty")
                """#
            let made = try await mount.outside(["bash", "-euo", "pipefail", "-c", theirs])
            #expect(made.succeeded, "\(made.error)")
            if !isSeaweed { try await mount.start() }
            try await Self.expect(
                #"""
                cd blobs; ls d theirs; stat -c '%n %F %a %u %g %.9Y' theirs/f; stat -c '%n %F %a' theirs/empty theirs/link
                getfattr --only-values -n user.a theirs/f; cat theirs/link theirs/f d/changed
                \#(isSeaweed ? "stat -c '%a %.9Y' d/touched" : "")
                """#,
                is: #"""
                    d:
                    changed
                    ours
                    touched

                    theirs:
                    empty
                    f
                    gone
                    link
                    theirs/f regular file 640 \#(user) 1612325106.700000000
                    theirs/empty directory \#(isSeaweed ? "755" : "711")
                    theirs/link regular file 777
                    bfof s3fs
                    longer\#(isSeaweed ? "\n604 1500000000.500000000" : "")
                    """#, of: mount, and: bucket, in: fixture)
            // Its directories are removed here, and there.
            try await mount.succeed(
                #"""
                rmdir blobs/theirs/gone; "$PERSISTFS" sync .; eval "$S3FS"; cd "$SCRATCH/s3fs/blobs/theirs"
                test -d empty; test ! -e gone; rmdir empty
                """#)
            try await eventually("the directory is gone") {
                try await mount.run(["ls", "blobs/theirs"]).output == "f\nlink"
            }
        }
    }
}
