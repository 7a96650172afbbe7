import Glibc
import PersistTestKit
import Testing

/// The kernel is being told what others changed in a directory, and waits for a request of that directory, when the process
/// that is to answer it dies.
@Suite struct KilledWhileTellingTests {
    @Test("R2 kill -9 frees every client, also while the mount waits in the kernel for one of them")
    func killed() async throws {
        try await MountFixture.with { fixture in
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
            // Names that others make are told; the directory that they are in is held by mkdir(2), which waits for the mount.
            // Stopped at a moment when both wait, that moment lasts.
            let others = try other.beginPython(
                """
                for i in range(1_000_000):
                    with open(f'kv/theirs-{i % 1_000}', 'w') as file:
                        file.write('1')
                    os.remove(f'kv/theirs-{i % 1_000}')
                """)
            let stopper = try mount.begin(
                [
                    "python3", "-c",
                    """
                    import glob, os, random, signal, sys, time
                    daemon = int(sys.argv[1])
                    def waits():
                        for task in glob.glob(f'/proc/{daemon}/task/*/status'):
                            with open(task) as status:
                                lines = status.read().split('\\n')
                            if lines[0].endswith('inval-entry') and any(line.startswith('State:\\tD') for line in lines):
                                return True
                    for i in range(2_000):
                        os.kill(daemon, signal.SIGSTOP)
                        time.sleep(0.01)
                        if waits():
                            time.sleep(0.05)
                            if waits():
                                print('waits')
                                break
                        os.kill(daemon, signal.SIGCONT)
                        time.sleep(random.random() / 50)
                    """, "\(try #require(mount.daemonID))",
                ], outside: true, seconds: 120)
            let stopped = await stopper.finish()
            #expect(stopped.output == "waits", "\(stopped)")
            mount.signal(SIGKILL)
            try await eventually("the client is freed") { !client.isRunning }
            let end = await client.finish().output
            #expect(["runs\nENOTCONN", "runs\nECONNABORTED"].contains(end), "\(end)")
            others.kill()
            _ = await others.finish()
            try await mount.killAndRemount()
            #expect(try await mount.succeed("ls kv") == other.succeed("ls kv"))
        }
    }
}
