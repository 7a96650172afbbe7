import PersistTestKit
import Testing

/// R12: `.persist/`, and attributes that are not stored.
@Suite struct R12ControlTests {
    @Test("R12 .persist is reached by name and not listed, so no backup copies it")
    func notListed() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            _ = try await mount.shell("echo '{' > records/bad.json")
            try await eventually("something is kept") { try await mount.exists(".persist/rejected/records/bad.json") }
            expect(try await mount.succeed("ls -A; find . -name .persist"), is: "blobs\nevents\nkv\nrecords")
            #expect(try await mount.succeed("ls -A .persist").contains("status.json"))
            expect(try await mount.succeed("find .persist/rejected -type f"), is: ".persist/rejected/records/bad.json")
            try await mount.succeed("rsync -a ./ $SCRATCH/copy/; test ! -e $SCRATCH/copy/.persist")
            for statement in ["os.mkdir('.persist/new')", "open('.persist/new', 'w')", "os.rmdir('.persist')"] {
                let name = try await mount.errname(statement)
                #expect(name == "EPERM" || name == "EACCES" || name == "EBUSY", "\(statement): \(name)")
            }
            try await mount.succeed("rm .persist/rejected/records/bad.json")
            expect(try await mount.succeed("find .persist/rejected -type f"), is: "")
        }
    }

    @Test("R12 status.json is JSON, and is read whole although its size is not known")
    func status() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            try await mount.succeed("jq -e 'type == \"object\" and length > 3' .persist/status.json")
            try await mount.succeed("cp .persist/status.json $SCRATCH/s; jq -e . $SCRATCH/s")
            _ = try await mount.shell("echo '{' > records/bad.json")
            try await eventually("the rejected document is in the status") {
                try await mount.contents(".persist/status.json").contains("records/bad.json")
            }
        }
    }

    @Test("R12 virtual attributes are readable by name, never listed, and not to be set")
    func virtualAttributes() async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            try await mount.succeed(
                "mkdir records/u; echo '[1]' > records/u/a.json; echo 1 > kv/k; echo 1 > blobs/b; echo 1 > events/e.log"
            )
            let answers = try await mount.python(
                """
                for p in ('records/u/a.json', 'kv/k', 'blobs/b', 'events/e.log'):
                    print(os.getxattr(p, 'user.persist.key').decode(), os.getxattr(p, 'user.persist.state').decode())
                    assert os.getxattr(p, 'user.persist.revision') != b''
                    assert os.listxattr(p) == [], os.listxattr(p)
                    for n in ('key', 'state', 'revision', 'error', 'other'):
                        assert errname(os.setxattr, p, 'user.persist.' + n, b'x') == 'EPERM', n
                        assert errname(os.removexattr, p, 'user.persist.' + n) == 'EPERM', n
                """)
            #expect(answers == "records/u/a clean\nkv/k clean\nblobs/b clean\nevents/e.log clean")
            let before = try await mount.succeed("getfattr --only-values -n user.persist.revision kv/k")
            let dirty = try await mount.python(
                """
                fd = os.open('kv/k', os.O_WRONLY)
                os.write(fd, b'2')
                print(os.getxattr('kv/k', 'user.persist.state').decode())
                for p in ('blobs/new', 'records/new.json'):
                    new = os.open(p, os.O_RDWR | os.O_CREAT)
                    os.write(new, b'1')
                    assert os.getxattr(p, 'user.persist.state') == b'dirty'
                    for n in ('key', 'revision', 'error', 'other'):
                        assert errname(os.getxattr, new, 'user.persist.' + n) == 'ENODATA', (p, n)
                """)
            #expect(dirty == "dirty")
            try await eventually("clean again, at a new revision") {
                let state = try await mount.succeed("getfattr --only-values -n user.persist.state kv/k")
                let revision = try await mount.succeed("getfattr --only-values -n user.persist.revision kv/k")
                return state == "clean" && revision != before
            }
        }
    }

    @Test("R12 attributes of other name spaces are EOPNOTSUPP, to get and to set")
    func otherAttributes() async throws {
        try await MountFixture.with { fixture in
            let answers = try await fixture.mount.python(
                """
                open('blobs/b', 'w').close()
                names = ['security.capability', 'security.selinux', 'system.posix_acl_access', 'system.posix_acl_default']
                for n in names + (['trusted.x'] if os.getuid() == 0 else []):
                    for p in ('blobs',) if n.endswith('default') else ('blobs/b', 'blobs'):
                        print(errname(os.setxattr, p, n, bytes([2, 0, 0, 0])))
                        if not n.endswith('selinux'): print(errname(os.getxattr, p, n))
                """)
            #expect(Set(answers.split(separator: "\n")).isSubset(of: ["EOPNOTSUPP", "EINVAL"]), "\(answers)")
            #expect(answers.contains("EOPNOTSUPP"))
        }
    }
}
