import Glibc
import PersistTestKit
import Testing

/// The kernel is being told what others changed in a directory, and waits for a request of that directory, when the process
/// that is to answer it dies.
@Suite struct KilledWhileTellingTests {
    @Test("R2 kill -9 frees every client, also while the mount waits in the kernel for one of them")
    func killed() async throws {
        try await MountFixture.with(options: ["busy_milliseconds=50000"]) { fixture in
            let mount = fixture.mount
            let other = try await fixture.another()
            let client = try mount.beginPython(
                """
                print('runs', flush=True)
                while True:
                    try:
                        os.mkdir('kv/d')
                        os.rmdir('kv/d')
                    except OSError as error:
                        print(errno.errorcode[error.errno])
                        break
                """)
            try await client.waitForOutput("runs")
            // A name that is new is told; the directory that it is in is held by mkdir(2), which waits for this program.
            let holder = try mount.begin(
                [
                    "python3", "-c",
                    """
                    import glob, os, sqlite3, sys, time
                    db = sqlite3.connect(os.environ['STORE'], isolation_level=None, timeout=30)
                    def waits():
                        for task in glob.glob(f'/proc/{sys.argv[1]}/task/*/status'):
                            try:
                                with open(task) as status:
                                    lines = status.read().split('\\n')
                            except OSError:
                                continue
                            if lines[0].endswith('inval-entry') and any(line.startswith('State:\\tD') for line in lines):
                                return True
                    for i in range(200):
                        with open(f'{sys.argv[2]}/kv/theirs-{i}', 'w') as file:
                            file.write('1')
                        db.execute('BEGIN IMMEDIATE')
                        end = time.time() + 0.5
                        while time.time() < end:
                            if waits():
                                time.sleep(0.05)
                                if waits():
                                    print('waits', flush=True)
                                    time.sleep(60)
                        db.execute('COMMIT')
                    """, "\(try #require(mount.daemonID))", other.point,
                ], outside: true, seconds: 120)
            try await holder.waitForOutput("waits", within: .seconds(110))
            mount.signal(SIGKILL)
            try await eventually("the client is freed") { !client.isRunning }
            let end = await client.finish().output
            #expect(["runs\nENOTCONN", "runs\nECONNABORTED"].contains(end), "\(end)")
            holder.kill()
            _ = await holder.finish()
            try await mount.killAndRemount()
            #expect(try await mount.succeed("ls kv").contains("theirs-0"))
        }
    }
}
