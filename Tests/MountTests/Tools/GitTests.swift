import PersistTestKit
import Testing

/// git, in blobs/ and as plain files in records/.
@Suite struct GitTests {
    @Test("git: init, commit, branch, merge, clone, gc and fsck", arguments: ["blobs", "records"])
    func repository(namespace: String) async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            let fsck = "git -C \(namespace)/repo fsck --full --strict; git -C \(namespace)/repo status --porcelain"
            try await mount.succeed(
                """
                git init -q -b main \(namespace)/repo; cd \(namespace)/repo
                for i in $(seq 20); do mkdir -p d$i; echo "text $i" > d$i/f.txt; echo "{\\"i\\":$i}" > d$i/data.json; done
                git add .; git commit -qm first
                git checkout -qb side; echo side > side.txt; git add .; git commit -qm side
                git checkout -q main; echo main >> d1/f.txt; git commit -qam main
                git merge -q --no-edit side; git gc -q; git repack -adq
                cd ..; git clone -q repo clone; git clone -q file://$PWD/repo bare --bare
                cd clone; echo more > more.txt; git add .; git commit -qm more; git push -q ../bare main:other
                """)
            expect(try await mount.succeed(fsck), is: "")
            try await mount.killAndRemount()
            expect(try await mount.succeed(fsck), is: "")
            let logs = try await mount.succeed(
                "cd \(namespace); git -C repo log --oneline | wc -l; git -C bare log --oneline other | wc -l; diff -r -x .git repo clone || true"
            )
            #expect(logs == "4\n5\nOnly in clone: more.txt")
            if namespace == "records" {
                try await fixture.expectRows("SELECT count(*) FROM records WHERE key LIKE 'repo/d%/data'", is: "20")
            }
            try await mount.succeed(
                "rm -rf \(namespace)/repo \(namespace)/clone \(namespace)/bare; test -z \"$(ls -A \(namespace))\"")
        }
    }
}
