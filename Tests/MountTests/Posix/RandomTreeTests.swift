import PersistTestKit
import Testing

/// Random operations on names and contents in all four namespaces, beside a model of them.
@Suite struct RandomTreeTests {
    private static let rounds = RandomOperations.isLong ? 10 : 4
    private static let count = RandomOperations.isLong ? 2_500 : 125

    /// Arguments: the seed, the number of operations. Model and generator go from one round to the next in
    /// `$SCRATCH/model`. First of all the tree must be as the model, then each path that an operation touches, and the
    /// tree every 50 operations.
    private static let round = """
        import collections, ctypes, pickle, random
        seed, count, saved = int(sys.argv[1]), int(sys.argv[2]), os.environ['SCRATCH'] + '/model'
        NAMESPACES = ('blobs', 'kv', 'records', 'events')
        if os.path.exists(saved):
            with open(saved, 'rb') as f: tree, rng, done, last = pickle.load(f)
        else:
            # By path: None is a directory, bytes a file, str the target of a symbolic link.
            tree, rng, done, last = {n: None for n in NAMESPACES}, random.Random(seed), 0, collections.deque(maxlen=30)

        def wrong(what):
            raise SystemExit('PERSISTFS_SEED=%d, operation %d: %s\\nthe last operations:\\n%s'
                             % (seed, done, what, '\\n'.join(map(str, last))))
        libc = ctypes.CDLL(None, use_errno=True)
        def parent(p): return p.rpartition('/')[0]
        def below(p): return [q for q in tree if q.startswith(p + '/')]
        def is_directory(p): return p in tree and tree[p] is None
        def is_record(p): return p.startswith('records/') and p.endswith('.json')
        def is_stream(p): return p.startswith('events/') and p.endswith(('.log', '.jsonl'))
        def parses(data):
            try: json.loads(data.decode())
            except ValueError: return False
            return True
        def has_streams(p): return any(is_stream(q) and tree[q] for q in below(p))

        FILES = {'blobs': ('f0', 'f1', 'f2', 'f3'), 'kv': ('f0', 'f1', 'f2', 'f3'), 'records': ('f0.json', 'f1.json', 'f0', 'f1'),
                 'events': ('f0.log', 'f1.jsonl', 'f0', 'f1')}
        def directory(namespace):
            known = [p for p in tree if tree[p] is None and p.split('/')[0] == namespace and p.count('/') < 3]
            return rng.choice(known) if rng.random() < 0.95 else namespace + '/none'
        def path(sort=None, namespace=None):
            namespace = namespace or rng.choice(NAMESPACES)
            sort = sort or rng.choices(('file', 'directory', 'link'), (12, 5, 2))[0]
            name = {'file': rng.choice(FILES[namespace]), 'directory': rng.choice(('d0', 'd1')), 'link': rng.choice(('l0', 'l1'))}
            return directory(namespace) + '/' + name[sort]

        def text(p):
            # What was never a document does not parse as JSON.
            n = rng.choice((1, 10, 300, 5_000, 40_000))
            if is_record(p): return json.dumps({'n': done, 'pad': 'x' * rng.randrange(n)}).encode()
            if is_stream(p): return b''.join(b'{"n":%d,"i":%d}\\n' % (done, i) for i in range(rng.randrange(1, 20)))
            return b'#' + rng.randbytes(rng.randrange(n))
        def put(p, data, flags):
            fd = os.open(p, os.O_WRONLY | flags)
            try:
                if os.write(fd, data) != len(data): wrong('a short write')
            finally: os.close(fd)

        # Each: what the model expects; it changes the model where that is "ok". Then the same is done.
        def may_open(p, creates=True):
            if is_directory(p): return 'EISDIR'
            if not is_directory(parent(p)) or (p not in tree and not creates): return 'ENOENT'
            return 'ok'
        def write(p):
            data, expected = text(p), may_open(p)
            if expected == 'ok': tree[p] = tree.get(p, b'') + data if is_stream(p) else data
            return expected, lambda: put(p, data, os.O_CREAT | (os.O_APPEND if is_stream(p) else os.O_TRUNC)), (p,)
        def patch(p):
            data, expected = text(p), may_open(p, creates=False)
            at = rng.randrange(60_000)
            def act():
                fd = os.open(p, os.O_WRONLY)
                os.pwrite(fd, data, at)
                os.close(fd)
            if expected == 'ok':
                if is_record(p) or is_stream(p): return write(p)
                old = tree[p].ljust(at, b'\\0')
                tree[p] = old[:at] + data + old[at + len(data):]
            return expected, act, (p,)
        def copy(p):
            # By copy_file_range, which shares what it can: whatever becomes of the source.
            sources, expected = [q for q in tree if isinstance(tree[q], bytes) and q != p], may_open(p)
            if not sources or is_stream(p): return write(p)
            source = rng.choice(sources)
            data = tree[source]
            def act():
                a = os.open(source, os.O_RDONLY)
                try:
                    b = os.open(p, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
                    try:
                        while os.copy_file_range(a, b, 1 << 30): pass
                    finally: os.close(b)
                finally: os.close(a)
            if expected == 'ok' and is_record(p) and not parses(data) and (data or tree.get(p)): expected = 'EBADMSG'
            if expected == 'ok': tree[p] = data
            return expected, act, (p, source)
        def punch(p):
            if is_record(p) or is_stream(p): return write(p)
            at, n, expected = rng.randrange(60_000), rng.randrange(1, 80_000), may_open(p, creates=False)
            def act():
                fd = os.open(p, os.O_WRONLY)
                if libc.fallocate(fd, 3, ctypes.c_long(at), ctypes.c_long(n)): wrong(os.strerror(ctypes.get_errno()))
                os.close(fd)
            if expected == 'ok': tree[p] = tree[p][:at] + bytes(len(tree[p][at:at + n])) + tree[p][at + n:]
            return expected, act, (p,)
        def cut(p):
            to, expected = rng.randrange(30_000), may_open(p, creates=False)
            if expected == 'ok' and (is_record(p) or is_stream(p)):
                # A cut document does not parse; a stream only grows.
                if is_stream(p): return 'EPERM' if to != len(tree[p]) else 'ok', lambda: os.truncate(p, to), (p,)
                expected, to = 'EBADMSG', rng.randrange(1, len(tree[p]))
            elif expected == 'ok': tree[p] = tree[p][:to].ljust(max(1, to), b'\\0'); to = len(tree[p])
            return expected, lambda: os.truncate(p, to), (p,)
        def remove(p):
            expected = 'ENOENT' if p not in tree else 'EISDIR' if tree[p] is None else 'EPERM' if is_stream(p) and tree[p] else 'ok'
            if expected == 'ok': del tree[p]
            return expected, lambda: os.unlink(p), (p,)
        def make_directory(p):
            expected = 'EEXIST' if p in tree else 'ok' if is_directory(parent(p)) else 'ENOENT'
            if expected == 'ok': tree[p] = None
            return expected, lambda: os.mkdir(p), (p,)
        def remove_directory(p):
            expected = 'ENOENT' if p not in tree else 'ENOTDIR' if tree[p] is not None else 'ENOTEMPTY' if below(p) else 'ok'
            if expected == 'ok': del tree[p]
            return expected, lambda: os.rmdir(p), (p,)
        def make_link(p):
            target, expected = 't' * rng.randrange(1, 200), 'EEXIST' if p in tree else 'ok' if is_directory(parent(p)) else 'ENOENT'
            if expected == 'ok': tree[p] = target
            return expected, lambda: os.symlink(target, p), (p,)
        def outcome_of_move(a, b):
            if a not in tree or not is_directory(parent(b)): return 'ENOENT'
            if b.startswith(a + '/'): return 'EINVAL'
            if a.startswith(b + '/'): return 'ENOTEMPTY'
            if b in tree and a != b:
                if tree[a] is None and tree[b] is not None: return 'ENOTDIR'
                if tree[a] is not None and tree[b] is None: return 'EISDIR'
            if a == b: return 'ok'
            if a.split('/')[0] != b.split('/')[0]: return 'EXDEV'
            if b in tree and below(b): return 'ENOTEMPTY'
            if is_stream(a) and tree[a] or has_streams(a): return 'EPERM'
            if is_record(b) and tree[a] is not None and not parses(tree[a]): return 'EBADMSG'
            return 'ok'
        def move(a):
            sort = 'directory' if a.endswith(('d0', 'd1')) else 'link' if a.endswith(('l0', 'l1')) else 'file'
            namespace = a.split('/')[0]
            b = path(sort if rng.random() < 0.9 else None, namespace if rng.random() < 0.9 else None)
            # What streams take over is a test of its own; a link under a file's name would be written through.
            if is_stream(a) != is_stream(b) or (is_stream(b) and tree.get(b)): b = a
            if isinstance(tree.get(a), str) and b.rpartition('/')[2] in FILES[b.split('/')[0]]: b = a
            expected = outcome_of_move(a, b)
            if expected == 'ok' and a != b:
                moved = {b + q[len(a):]: tree.pop(q) for q in [a] + below(a)}
                tree.pop(b, None)
                tree.update(moved)
            return expected, lambda: os.rename(a, b), (a, b)

        def shown(p):
            try: s = os.lstat(p)
            except FileNotFoundError: return 'nothing'
            if stat.S_ISDIR(s.st_mode): return None
            if stat.S_ISLNK(s.st_mode): return os.readlink(p)
            # A new name goes away where its content was refused: a moment after close(2).
            try: f = open(p, 'rb')
            except FileNotFoundError: return 'nothing'
            with f: data = f.read()
            return data if s.st_size == len(data) else 'size %d of %d' % (s.st_size, len(data))
        def compare(p):
            wanted, got = tree.get(p, 'nothing'), shown(p)
            if got == wanted: return
            # The last RELEASE, which gives a refused document up, comes a moment after close(2).
            end = time.monotonic() + 30
            while is_record(p) and got != wanted and time.monotonic() < end: time.sleep(0.005); got = shown(p)
            if got != wanted: wrong('%s is %.80r, not %.80r' % (p, got, wanted))
        def compare_tree():
            found = {'/'.join((d, n))[2:] for d, ds, fs in os.walk('.') for n in ds + fs}
            if found != set(tree): wrong('too much: %s, missing: %s' % (found - set(tree), set(tree) - found))
            for p in tree: compare(p)

        compare_tree()
        for i in range(count):
            done += 1
            act, sort = rng.choices((
                (write, 'file'), (patch, 'file'), (cut, 'file'), (remove, None), (make_directory, 'directory'),
                (remove_directory, 'directory'), (make_link, 'link'), (move, None), (make_directory, None),
                (remove_directory, None), (copy, 'file'), (punch, 'file')),
                (30, 12, 6, 10, 10, 4, 4, 22, 1, 1, 12, 6))[0]
            given = path(sort)
            if act in (write, copy) and len(tree) > 64: act = remove
            expected, perform, touched = act(given)
            last.append((done, act.__name__) + touched + (expected,))
            got = errname(perform)
            if got != expected: wrong('%s gives %s, not %s' % (act.__name__, got, expected))
            for p in touched:
                compare(p)
                if is_directory(parent(p)):
                    there = sorted(os.listdir(parent(p)))
                    wanted = sorted(q.rpartition('/')[2] for q in tree if parent(q) == parent(p))
                    if there != wanted: wrong('%s holds %s, not %s' % (parent(p), there, wanted))
            if i % 50 == 49: compare_tree()
        compare_tree()
        with open(saved, 'wb') as f: pickle.dump((tree, rng, done, last), f)
        """

    @Test(
        "R1 to R8 random operations on names and contents, over remounts and kills, are as their model",
        arguments: RandomOperations.seeds(2))
    func allNamespaces(seed: UInt32) async throws {
        try await MountFixture.with { fixture in
            let mount = fixture.mount
            print("PERSISTFS_SEED=\(seed)")
            for round in 0..<Self.rounds {
                try await mount.python(
                    Self.round, arguments: ["\(seed)", "\(Self.count)"], seconds: RandomOperations.isLong ? 600 : 120)
                if round % 2 == 0 { try await mount.remount() } else { try await mount.killAndRemount() }
            }
            // The tree once more, as the last kill left it.
            try await mount.python(Self.round, arguments: ["\(seed)", "0"])
            let check = try await mount.run([mount.binary, "check", fixture.store])
            #expect(check.succeeded, "\(check.output)\(check.error)")
        }
    }
}
