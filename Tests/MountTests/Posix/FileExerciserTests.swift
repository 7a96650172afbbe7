import PersistTestKit
import Testing

/// Random reads and writes of one file, in every way that a program has, beside a copy in memory.
@Suite struct FileExerciserTests {
    private static let count = RandomOperations.isLong ? 100_000 : 3_000

    /// Arguments: the file, the seed, the number of operations. Leaves the copy in `$SCRATCH/copy`.
    private static let exerciser = """
        import collections, random
        path, seed, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
        rng, copy, last = random.Random(seed), bytearray(), collections.deque(maxlen=25)
        MOST = 300_000
        files = [os.open(path, os.O_RDWR | os.O_CREAT), os.open(path, os.O_RDWR)]
        held = None                                         # a map that lives on while the file changes

        def wrong(what):
            raise SystemExit('PERSISTFS_SEED=%d, operation %d: %s\\nthe last operations:\\n%s'
                             % (seed, step, what, '\\n'.join(map(str, last))))
        def same(what, got, at, n):
            wanted = copy[at:at + n]
            if got == wanted: return
            first = next((i for i, (a, b) in enumerate(zip(got, wanted)) if a != b), min(len(got), len(wanted)))
            wrong('%s gave %d bytes for %d, other from offset %d on' % (what, len(got), len(wanted), at + first))
        def put(at, data):
            if at > len(copy): copy.extend(bytes(at - len(copy)))
            copy[at:at + len(data)] = data
        def size(): return rng.choice((1, 7, 512, 4095, 4096, 4097, 20_000, 65_536, 70_001))
        def offset(most):
            at = rng.randrange(most + 1)
            return at & ~4095 if rng.random() < 0.3 else at

        step = 0
        for step in range(count):
            which = rng.randrange(2)
            fd = files[which]
            op = rng.choices(('read', 'write', 'append', 'truncate', 'map read', 'map write', 'held map', 'hold',
                              'reopen', 'reopen all', 'fsync', 'look'), (20, 20, 6, 8, 10, 10, 6, 2, 6, 1, 2, 4))[0]
            if op == 'read':
                at, n = offset(MOST), size()
                last.append((step, op, which, at, n))
                same(op, os.pread(fd, n, at), at, n)
            elif op in ('write', 'append'):
                n = size()
                at = offset(MOST - n) if op == 'write' else len(copy)
                if at + n > MOST: continue
                last.append((step, op, which, at, n))
                data = rng.randbytes(n)
                if op == 'append':
                    end = os.open(path, os.O_WRONLY | os.O_APPEND)
                    done = os.write(end, data)
                    os.close(end)
                else: done = os.pwrite(fd, data, at)
                if done != n: wrong('%d bytes of %d are written' % (done, n))
                put(at, data)
            elif op == 'truncate':
                to = offset(MOST)
                by_path = rng.random() < 0.3
                last.append((step, op, 'by path' if by_path else which, to))
                os.truncate(path if by_path else fd, to)
                if to < len(copy): del copy[to:]
                else: copy.extend(bytes(to - len(copy)))
            elif op in ('map read', 'map write') and copy:
                at = rng.randrange(len(copy))
                n = min(size(), len(copy) - at)
                last.append((step, op, which, at, n))
                with mmap.mmap(fd, len(copy)) as m:
                    if op == 'map read': same(op, m[at:at + n], at, n)
                    else:
                        data = rng.randbytes(n)
                        m[at:at + n] = data
                        put(at, data)
                        if rng.random() < 0.5: m.flush()
            elif op == 'hold' and copy:
                last.append((step, op, which, len(copy)))
                if held: held.close()
                held = mmap.mmap(fd, len(copy))
            elif op == 'held map' and held and copy:
                # What lies past the end of the file now would be SIGBUS.
                end = min(len(held), len(copy))
                at = rng.randrange(end)
                n = min(size(), end - at)
                writes = rng.random() < 0.5
                last.append((step, op, 'write' if writes else 'read', at, n))
                if writes:
                    data = rng.randbytes(n)
                    held[at:at + n] = data
                    put(at, data)
                else: same(op, held[at:at + n], at, n)
            elif op in ('reopen', 'reopen all'):
                last.append((step, op, which))
                if op == 'reopen all' and held: held.close(); held = None
                for i in (which,) if op == 'reopen' else (0, 1): os.close(files[i])
                for i in (which,) if op == 'reopen' else (0, 1): files[i] = os.open(path, os.O_RDWR)
            elif op == 'fsync':
                last.append((step, op, which))
                os.fsync(fd)
            elif op == 'look':
                last.append((step, op, which))
                whole = open(path, 'rb').read()
                same('the whole file', whole, 0, MOST)
            for s in (os.fstat(files[1 - which]), os.stat(path)):
                if s.st_size != len(copy): wrong('the size is %d, not %d' % (s.st_size, len(copy)))
        if held: held.close()
        for fd in files: os.close(fd)
        with open(path, 'rb') as f: same('the whole file', f.read(), 0, MOST)
        with open(os.environ['SCRATCH'] + '/copy', 'wb') as f: f.write(copy)
        """

    @Test(
        "R7 R1 one file under random operations, through maps and two descriptors, is as its copy in memory",
        arguments: ["blobs/f", "kv/f"])
    func oneFile(path: String) async throws {
        for seed in RandomOperations.seeds(1) {
            try await MountFixture.with { fixture in
                let mount = fixture.mount
                print("PERSISTFS_SEED=\(seed)")
                try await mount.python(
                    Self.exerciser, arguments: [path, "\(seed)", "\(Self.count)"],
                    seconds: RandomOperations.isLong ? 1_800 : 120)
                try await mount.killAndRemount()
                try await mount.succeed("cmp \(path) $SCRATCH/copy")
            }
        }
    }
}
