import Foundation
import PersistTestKit
import Testing

/// Runs rows of the table: one process of python3 for all of them.
enum PosixTable {
    /// The words that rows are written in.
    static let words = """
        import ast, ctypes, mmap, os, socket, stat as kinds, subprocess, sys, time, errno, json
        from os import *

        LONG = 'n' * 255                                    # the longest name
        libc = ctypes.CDLL(None, use_errno=True)
        def call(name, *a):
            if getattr(libc, name)(*a) != 0: raise OSError(ctypes.get_errno(), name)
        def exchange(a, b, flags=2): call('renameat2', -100, fsencode(a), -100, fsencode(b), flags)
        def noreplace(a, b): exchange(a, b, 1)
        def utimens(p, atime, mtime):                       # each (seconds, nanoseconds)
            call('utimensat', -100, fsencode(p), (ctypes.c_long * 4)(*atime, *mtime), 0)
        def fallocate(fd, mode, at, n): call('fallocate', fd, mode, ctypes.c_long(at), ctypes.c_long(n))
        NOW, OMIT = (0, (1 << 30) - 1), (0, (1 << 30) - 2)

        def errname(f, *a):
            try: f(*a)
            except OSError as e: return {'ENOTSUP': 'EOPNOTSUPP'}.get(errno.errorcode[e.errno], errno.errorcode[e.errno])
            return 'ok'
        def make(p, data=b'', mode=0o644):
            fd = open(p, O_WRONLY | O_CREAT | O_EXCL)
            if data: write(fd, data)
            close(fd)
            chmod(p, mode)
        def made(p, data=b'', mode=0o644): make(p, data, mode); return open(p, O_RDWR)
        def new(p, data=b''):                               # open, and in memory only
            fd = open(p, O_RDWR | O_CREAT | O_EXCL)
            if data: write(fd, data)
            return fd
        def read_all(p):
            fd = open(p, O_RDONLY)
            try: return os.read(fd, 1 << 20)
            finally: close(fd)
        def mode(p): return '%o' % kinds.S_IMODE(lstat(p).st_mode)
        def kind(p): return kinds.filemode(lstat(p).st_mode)[0]
        def names(p='.'): return ' '.join(sorted(listdir(p)))
        def touched(act, *paths):                           # which times move, of a name or of a descriptor
            look = lambda p: fstat(p) if isinstance(p, int) else lstat(p)
            before = [look(p) for p in paths]
            time.sleep(0.02)
            act()
            after = [look(p) for p in paths]
            return ', '.join('+'.join(n for n in ('mtime', 'ctime') if getattr(b, 'st_%s_ns' % n) > getattr(a, 'st_%s_ns' % n))
                             or 'none' for a, b in zip(before, after))
        def becomes(wanted, act):                           # the kernel learns of some changes a moment later
            end = time.monotonic() + 30
            while act() != wanted and time.monotonic() < end: time.sleep(0.005)
            return act()
        def user(act, uid=65534, gid=65534, groups=()):     # as somebody else
            r, w = pipe()
            child = fork()
            if child == 0:
                try:
                    setgroups(groups); setresgid(gid, gid, gid); setresuid(uid, uid, uid)
                    answer = [0, act()]
                except OSError as e: answer = [e.errno, None]
                except BaseException as e: answer = [0, repr(e)]
                write(w, json.dumps(answer, default=str).encode())
                _exit(0)
            close(w)
            number, value = json.loads(os.read(r, 65536))
            close(r)
            waitpid(child, 0)
            if number: raise OSError(number, 'as another user')
            return value

        def outcome(program):
            statements = ast.parse(program).body
            last, value = statements.pop(), None
            if not isinstance(last, ast.Expr): statements.append(last); last = None
            space = dict(globals())
            try: exec(compile(ast.Module(statements, []), 'row', 'exec'), space)
            except BaseException as e: return 'before the last statement: %r' % e if last else 'error: %r' % e
            try:
                if last: value = eval(compile(ast.Expression(last.value), 'row', 'eval'), space)
            except OSError as e: return {'ENOTSUP': 'EOPNOTSUPP'}.get(errno.errorcode[e.errno], errno.errorcode[e.errno])
            except BaseException as e: return 'error: %r' % e
            return 'ok' if value is None else str(value)

        umask(0o022)
        top = getcwd()
        step, fresh, rows = sys.argv[1], sys.argv[2] == 'fresh', json.loads(sys.argv[3])
        for number, row in enumerate(rows):
            program = row['program'] if step == 'program' else row.get('afterRemount')
            if program is None: print(json.dumps('-')); continue
            place = 'blobs/%d' % number if fresh else 'blobs'
            if step == 'program' and fresh: mkdir(place); chmod(place, 0o777)
            chdir(place)
            print(json.dumps(outcome(program)), flush=True)
            chdir(top)
        """

    /// Runs the rows, each in a directory of its own below blobs/ (`fresh: false`: in blobs/ as it is), and records
    /// each whose outcome is another, by its sentence.
    static func run(_ rows: [PosixRow], on mount: TestMount, fresh: Bool = true) async throws {
        var outcomes = try await outcomes(of: rows, "program", on: mount, fresh: fresh)
        if rows.contains(where: { $0.afterRemount != nil }) {
            for (row, outcome) in zip(rows, outcomes) where row.afterRemount != nil {
                expect(outcome, is: "ok", "before the remount, “\(row.sentence)”: \(row.program)")
            }
            try await mount.killAndRemount()
            let later = try await self.outcomes(of: rows, "afterRemount", on: mount, fresh: fresh)
            outcomes = zip(rows, zip(outcomes, later)).map { row, both in row.afterRemount == nil ? both.0 : both.1 }
        }
        for (row, outcome) in zip(rows, outcomes) {
            let expected = MountFixture.isOfFarSide ? row.expectedOfFarSide : row.expected
            expect(outcome, is: expected, "“\(row.sentence)”: \(row.program)")
        }
    }

    private static func outcomes(
        of rows: [PosixRow], _ step: String, on mount: TestMount, fresh: Bool
    ) async throws -> [String] {
        let table = String(decoding: try JSONEncoder().encode(rows), as: UTF8.self)
        let output = try await mount.python(words, arguments: [step, fresh ? "fresh" : "as it is", table])
        let outcomes = try output.split(separator: "\n").map {
            try JSONDecoder().decode(String.self, from: Data($0.utf8))
        }
        try #require(outcomes.count == rows.count)
        return outcomes
    }
}
