import PersistTestKit
import Testing

/// Random reads and writes of one file, in every way that a program has, beside a copy in memory.
@Suite struct FileExerciserTests {
    static let count = TestSize.number("PERSISTFS_TEST_FSX", 3_000, long: 100_000)

    /// Arguments: the file, the seed, the number of operations. Leaves the copy in `$SCRATCH/copy`.
    private static let exerciser = """
        import collections, ctypes, random
        path, seed, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
        rng, copy, last = random.Random(seed), bytearray(), collections.deque(maxlen=25)
        MOST = 300_000
        files = [os.open(path, os.O_RDWR | os.O_CREAT), os.open(path, os.O_RDWR)]
        libc, KEEP, PUNCH, ZERO = ctypes.CDLL(None, use_errno=True), 1, 2, 16
        twin, twin_copy = os.open(path + '.tmp', os.O_RDWR | os.O_CREAT), bytearray()
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
        def fallocate(fd, mode, at, n):
            if libc.fallocate(fd, mode, ctypes.c_long(at), ctypes.c_long(n)) == 0: return
            wrong('fallocate: ' + os.strerror(ctypes.get_errno()))
        def span(most):                                     # often whole chunks
            at, n = offset(most), size()
            if rng.random() < 0.4: at, n = at & ~65535, 65536 * rng.randrange(1, 4)
            return at, n
        def copied(source, at, target, to, n):
            done = 0
            while done < n:
                more = os.copy_file_range(source, target, n - done, at + done, to + done)
                if more == 0: break
                done += more
            return done
        def size(): return rng.choice((1, 7, 512, 4095, 4096, 4097, 20_000, 65_536, 70_001))
        def offset(most):
            at = rng.randrange(most + 1)
            return at & ~4095 if rng.random() < 0.3 else at

        step = 0
        for step in range(count):
            which = rng.randrange(2)
            fd = files[which]
            op = rng.choices(('read', 'write', 'append', 'truncate', 'map read', 'map write', 'held map', 'hold',
                              'reopen', 'reopen all', 'fsync', 'look', 'punch', 'zero', 'allocate', 'copy within',
                              'copy out', 'copy in', 'seek'),
                             (20, 20, 6, 8, 10, 10, 6, 2, 6, 1, 2, 4, 6, 4, 3, 5, 5, 5, 6))[0]
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
            elif op in ('punch', 'zero', 'allocate'):
                at, n = span(MOST)
                keep = op == 'punch' or rng.random() < 0.5
                if at + n > MOST and not keep: continue
                last.append((step, op, which, at, n, keep))
                fallocate(fd, {'punch': PUNCH, 'zero': ZERO, 'allocate': 0}[op] | (KEEP if keep else 0), at, n)
                if not keep: put(at + n, b'')
                end = min(at + n, len(copy))
                if op != 'allocate' and at < end: copy[at:end] = bytes(end - at)
            elif op in ('copy within', 'copy out', 'copy in'):
                source, data = (twin, twin_copy) if op == 'copy in' else (fd, copy)
                at, n = span(len(data))
                to = offset(MOST) & ~65535 | at & 65535 if rng.random() < 0.6 else offset(MOST)
                n = max(0, min(n, len(data) - at))
                if to + n > MOST: continue
                last.append((step, op, which, at, n, to))
                if op == 'copy within' and n > 0 and at < to + n and to < at + n:
                    try: os.copy_file_range(fd, files[1 - which], n, at, to)
                    except OSError as e:
                        if e.errno != errno.EINVAL: wrong('overlapping: %s' % e)
                    else: wrong('overlapping bytes were copied')
                    continue
                target = twin if op == 'copy out' else files[1 - which] if op == 'copy within' else fd
                done = copied(source, at, target, to, n)
                if done != n: wrong('%d bytes of %d are copied' % (done, n))
                taken = bytes(data[at:at + n])
                if n > 0 and target != twin: put(to, taken)
                elif n > 0:
                    if to > len(twin_copy): twin_copy.extend(bytes(to - len(twin_copy)))
                    twin_copy[to:to + n] = taken
                if os.pread(twin, MOST, 0) != twin_copy: wrong('the other file is not what was copied')
            elif op == 'seek':
                last.append((step, op, which))
                place = 0
                while True:
                    try: data = os.lseek(fd, place, os.SEEK_DATA)
                    except OSError as e:
                        if e.errno != errno.ENXIO: raise
                        data = len(copy)
                    if any(copy[place:data]): wrong('bytes %d to %d are called a hole' % (place, data))
                    if data == len(copy): break
                    place = os.lseek(fd, data, os.SEEK_HOLE)
                    if not data < place <= len(copy): wrong('a hole at %d after data at %d' % (place, data))
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
        for fd in files + [twin]: os.close(fd)
        if open(path + '.tmp', 'rb').read() != twin_copy: wrong('the other file changed as it was closed')
        with open(path, 'rb') as f: same('the whole file', f.read(), 0, MOST)
        with open(os.environ['SCRATCH'] + '/copy', 'wb') as f: f.write(copy)
        """

    @Test(
        "R7 R1 one file under random operations, through maps and two descriptors, is as its copy in memory",
        arguments: ["blobs/f", "kv/f"])
    func oneFile(path: String) async throws {
        for seed in TestSize.seeds(1) { try await Self.run(path, seed: seed, Self.count) }
    }

    static func run(_ path: String, seed: UInt32, _ count: Int) async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            print("PERSISTFS_SEED=\(seed)")
            try await mount.python(
                Self.exerciser, arguments: [path, "\(seed)", "\(count)"], seconds: 120 + count / 20)
            try await mount.killAndRemount()
            try await mount.succeed("cmp \(path) $SCRATCH/copy")
        }
    }
}
