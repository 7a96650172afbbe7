import PersistTestKit
import Testing

/// Files that others replace on the far side while a program reads them here.
@Suite struct OpenFarFileTests {
    /// Arguments: what says that it has begun; how long the file is.
    private static let reader = """
        import os, sys, time
        size = int(sys.argv[2])
        with open('blobs/f', 'rb', buffering=0) as f:
            found = f.read(size // 3)
            open(sys.argv[1], 'w').close()
            end = time.monotonic() + 60
            while open('blobs/f', 'rb').read(1) != b'B':
                assert time.monotonic() < end, 'the new one is not seen'
                time.sleep(0.05)
            while part := f.read(1 << 20): found += part
        assert found == b'A' * size, (len(found), found.count(b'B'))
        assert open('blobs/f', 'rb').read() == b'B' * size
        """

    @Test(
        "R3 who has a file open reads it to its end, and who opens the name gets the new one",
        arguments: [5_000, 3_000_000])
    func replaced(size: Int) async throws {
        try await MountFixture.unmounted { fixture in
            let far = try await MoodyFar(fixture)
            let (one, two) = (try await far.mount("one"), try await far.mount("two"))
            try await one.python("open('blobs/f', 'wb').write(b'A' * int(sys.argv[1]))", arguments: ["\(size)"])
            try await one.sync()
            try await eventually("the other has it", within: .seconds(60)) {
                try await two.shell("wc -c < blobs/f").output.trimmed == "\(size)"
            }
            let begun = "\(fixture.directory)/begun"
            let reading = try two.begin(["python3", "-c", Self.reader, begun, "\(size)"], seconds: 90)
            try await eventually("it reads", within: .seconds(30)) {
                try await one.outside(["test", "-e", begun]).succeeded
            }
            try await one.python(
                """
                open('blobs/f.tmp', 'wb').write(b'B' * int(sys.argv[1]))
                os.rename('blobs/f.tmp', 'blobs/f')
                """, arguments: ["\(size)"])
            try await one.sync()
            let result = await reading.finish()
            #expect(result.succeeded, "\(result.error)")
        }
    }
}
