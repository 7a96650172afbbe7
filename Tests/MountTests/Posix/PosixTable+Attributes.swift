extension PosixTable {
    static let chmod = [
        PosixRow("chmod sets the permission bits", "make('f'); chmod('f', 0o111); mode('f')", is: "111"),
        PosixRow("chmod sets suid, sgid and sticky", "make('f'); chmod('f', 0o7654); mode('f')", is: "7654"),
        PosixRow("chmod sets the bits of a directory", "mkdir('d'); chmod('d', 0o1777); mode('d')", is: "1777"),
        PosixRow("chmod leaves the type of the file", "mkfifo('f'); chmod('f', 0o7777); kind('f')", is: "p"),
        PosixRow(
            "chmod follows a symbolic link", "make('f'); symlink('f', 'l'); chmod('l', 0o600); mode('f')", is: "600"),
        PosixRow("chmod moves ctime alone", "make('f'); touched(lambda: chmod('f', 0o600), 'f')", is: "ctime"),
        PosixRow(
            "fchmod of a file with no name",
            "fd = made('f'); unlink('f'); fchmod(fd, 0o640); '%o' % (fstat(fd).st_mode & 0o7777)", is: "640"),
        PosixRow("chmod of a name that is not there", "chmod('f', 0)", is: "ENOENT"),
        PosixRow("chmod through a link to nothing", "symlink('none', 'l'); chmod('l', 0)", is: "ENOENT"),
        PosixRow("chmod below a file", "make('f'); chmod('f/x', 0)", is: "ENOTDIR"),
        PosixRow("chmod through a link to itself", "symlink('l', 'l'); chmod('l', 0)", is: "ELOOP"),
        PosixRow("chmod of a name of 256 bytes", "chmod(LONG + 'n', 0)", is: "ENAMETOOLONG"),
        PosixRow("chmod of a name of 255 bytes", "make(LONG); chmod(LONG, 0o600); mode(LONG)", is: "600"),
        PosixRow("modes are kept", "make('f', mode=0o4711)", afterRemount: "mode('f')", is: "4711"),
    ]

    static let chmodByUsers = [
        PosixRow("chmod by one who is not the owner", "make('f'); user(lambda: chmod('f', 0o777))", is: "EPERM"),
        PosixRow(
            "chmod by the owner", "make('f'); chown('f', 65534, 65534); user(lambda: chmod('f', 0o600)); mode('f')",
            is: "600"),
        PosixRow(
            "chmod by an owner outside of the file's group clears sgid",
            "make('f'); chown('f', 65534, 7); user(lambda: chmod('f', 0o2755)); mode('f')", is: "755"),
        PosixRow(
            "chmod by an owner within the file's group keeps sgid",
            "make('f'); chown('f', 65534, 65534); user(lambda: chmod('f', 0o2755)); mode('f')", is: "2755"),
        PosixRow(
            "chmod in a directory that may not be searched",
            "mkdir('d', 0o700); make('d/f'); chown('d/f', 65534, 65534); user(lambda: chmod('d/f', 0))", is: "EACCES"),
    ]

    static let chown = [
        PosixRow(
            "chown sets owner and group", "make('f'); chown('f', 12, 34); s = stat('f'); (s.st_uid, s.st_gid)",
            is: "(12, 34)"),
        PosixRow(
            "chown to -1 leaves the owner",
            "make('f'); chown('f', 12, 34); chown('f', -1, 56); s = stat('f'); (s.st_uid, s.st_gid)", is: "(12, 56)"),
        PosixRow(
            "chown to -1 leaves the group",
            "make('f'); chown('f', 12, 34); chown('f', 78, -1); s = stat('f'); (s.st_uid, s.st_gid)", is: "(78, 34)"),
        PosixRow(
            "chown takes the largest id", "make('f'); chown('f', 2**32 - 2, 2**32 - 2); stat('f').st_uid",
            is: "4294967294"),
        PosixRow(
            "chown follows a symbolic link",
            "make('f'); symlink('f', 'l'); chown('l', 12, 34); (stat('f').st_uid, lstat('l').st_uid)", is: "(12, 0)"),
        PosixRow(
            "lchown changes the link itself",
            "make('f'); symlink('f', 'l'); lchown('l', 12, 34); (stat('f').st_uid, lstat('l').st_uid)", is: "(0, 12)"),
        PosixRow("chown moves ctime alone", "make('f'); touched(lambda: chown('f', 12, 34), 'f')", is: "ctime"),
        PosixRow(
            "chown clears suid and sgid of a program",
            "make('f', mode=0o6755); chown('f', 12, 34); becomes('755', lambda: mode('f'))", is: "755"),
        PosixRow(
            "chown leaves sgid where the group may not execute",
            "make('f', mode=0o6745); chown('f', 12, 34); becomes('2745', lambda: mode('f'))", is: "2745"),
        PosixRow(
            "chown leaves sgid of a directory", "mkdir('d'); chmod('d', 0o2755); chown('d', 12, 34); mode('d')",
            is: "2755"),
        PosixRow("chown of a name that is not there", "chown('f', 1, 1)", is: "ENOENT"),
        PosixRow("chown below a file", "make('f'); chown('f/x', 1, 1)", is: "ENOTDIR"),
        PosixRow("chown through a link to itself", "symlink('l', 'l'); chown('l', 1, 1)", is: "ELOOP"),
        PosixRow("chown of a name of 256 bytes", "chown(LONG + 'n', 1, 1)", is: "ENAMETOOLONG"),
        PosixRow(
            "a user may not give a file away", "make('f'); chown('f', 65534, 65534); user(lambda: chown('f', 12, -1))",
            is: "EPERM"),
        PosixRow(
            "a user may not give a file to a group that is not theirs",
            "make('f'); chown('f', 65534, 65534); user(lambda: chown('f', -1, 12))", is: "EPERM"),
        PosixRow(
            "a user may give a file to a further group of theirs",
            "make('f'); chown('f', 65534, 65534); user(lambda: chown('f', -1, 12), groups=[12]); stat('f').st_gid",
            is: "12"),
        PosixRow("a user may not take a file", "make('f'); user(lambda: chown('f', 65534, -1))", is: "EPERM"),
        PosixRow(
            "chown by a user clears suid and sgid of a program",
            "make('f'); chown('f', 65534, 65534); chmod('f', 0o6755); user(lambda: chown('f', -1, 12), groups=[12]); becomes('755', lambda: mode('f'))",
            is: "755"),
        PosixRow(
            "owners are kept, of links too", "symlink('x', 'l'); lchown('l', 12, 34)",
            afterRemount: "(lstat('l').st_uid, lstat('l').st_gid)", is: "(12, 34)"),
    ]

    static let utimensat = [
        PosixRow(
            "utimensat keeps nanoseconds",
            "make('f'); utime('f', ns=(10**9 + 1, 2 * 10**9 + 999_999_999)); s = stat('f'); (s.st_atime_ns, s.st_mtime_ns)",
            is: "(1000000001, 2999999999)"),
        PosixRow(
            "utimensat before 1970",
            "make('f'); utime('f', ns=(-1, -1_500_000_001)); s = stat('f'); (s.st_atime_ns, s.st_mtime_ns)",
            is: "(-1, -1500000001)"),
        PosixRow(
            // The first time that 64 bits of nanoseconds hold is in 1677.
            "utimensat in 1600 is answered, and the mount goes on",
            "make('f'); utime('f', ns=(-11676096000 * 10**9, -11676096000 * 10**9)); stat('f').st_mtime_ns <= -9223372036 * 10**9",
            is: "True"),
        PosixRow(
            "utimensat after 2038 and after 2106",
            "make('f'); utime('f', ns=(2**31 * 10**9 + 5, 2**32 * 10**9 + 7)); s = stat('f'); (s.st_atime_ns, s.st_mtime_ns)",
            is: "(2147483648000000005, 4294967296000000007)"),
        PosixRow(
            "utimensat with UTIME_OMIT leaves that time",
            "make('f'); utime('f', ns=(5, 7)); utimens('f', OMIT, (9, 1)); s = stat('f'); (s.st_atime_ns, s.st_mtime_ns)",
            is: "(5, 9000000001)"),
        PosixRow(
            "utimensat with UTIME_OMIT leaves mtime",
            "make('f'); utime('f', ns=(5, 7)); utimens('f', (9, 1), OMIT); s = stat('f'); (s.st_atime_ns, s.st_mtime_ns)",
            is: "(9000000001, 7)"),
        PosixRow(
            "utimensat with UTIME_NOW sets the clock's time",
            "make('f'); utime('f', ns=(5, 7)); b = time.time(); utimens('f', NOW, NOW); b - 1 < stat('f').st_mtime < time.time() + 1 and stat('f').st_atime > b - 1",
            is: "True"),
        PosixRow("utimensat with 10^9 nanoseconds", "make('f'); utimens('f', (0, 10**9), (0, 0))", is: "EINVAL"),
        PosixRow("utimensat of a directory", "mkdir('d'); utime('d', ns=(5, 7)); stat('d').st_mtime_ns", is: "7"),
        PosixRow(
            "utimensat follows a symbolic link",
            "make('f'); symlink('f', 'l'); utime('l', ns=(5, 7)); (stat('f').st_mtime_ns, lstat('l').st_mtime_ns > 7)",
            is: "(7, True)"),
        PosixRow(
            "utimensat with AT_SYMLINK_NOFOLLOW changes the link",
            "make('f'); symlink('f', 'l'); utime('l', ns=(5, 7), follow_symlinks=False); (stat('f').st_mtime_ns > 7, lstat('l').st_mtime_ns)",
            is: "(True, 7)"),
        PosixRow(
            "futimens of an open file stands after close",
            "fd = made('f'); write(fd, b'x'); utime(fd, ns=(5, 7)); close(fd); stat('f').st_mtime_ns", is: "7"),
        PosixRow(
            "futimens of a file with no name",
            "fd = made('f'); unlink('f'); utime(fd, ns=(5, 7)); fstat(fd).st_mtime_ns", is: "7"),
        PosixRow("utimensat moves ctime", "make('f'); touched(lambda: utime('f', ns=(5, 7)), 'f')", is: "ctime"),
        PosixRow("utimensat of a name that is not there", "utime('f', ns=(5, 7))", is: "ENOENT"),
        PosixRow("utimensat below a file", "make('f'); utime('f/x', ns=(5, 7))", is: "ENOTDIR"),
        PosixRow("utimensat through a link to itself", "symlink('l', 'l'); utime('l', ns=(5, 7))", is: "ELOOP"),
        PosixRow("utimensat of a name of 256 bytes", "utime(LONG + 'n', ns=(5, 7))", is: "ENAMETOOLONG"),
        PosixRow(
            "times of all ages are kept",
            "make('f'); utime('f', ns=(-1, -(2**31) * 10**9 - 1)); make('g'); utime('g', ns=(2**31 * 10**9 + 5, 2**33 * 10**9 + 7))",
            afterRemount: "[(s.st_atime_ns, s.st_mtime_ns) for s in (stat('f'), stat('g'))]",
            is: "[(-1, -2147483648000000001), (2147483648000000005, 8589934592000000007)]"),
    ]

    static let utimensatByUsers = [
        PosixRow(
            "times by one who is not the owner", "make('f', mode=0o666); user(lambda: utime('f', ns=(5, 7)))",
            is: "EPERM"),
        PosixRow(
            "the clock's time by one who may write",
            "make('f', mode=0o666); utime('f', ns=(5, 7)); user(lambda: utime('f')); stat('f').st_mtime_ns > 7",
            is: "True"),
        PosixRow("the clock's time by one who may not write", "make('f'); user(lambda: utime('f'))", is: "EACCES"),
        PosixRow(
            "times by an owner who may not write",
            "make('f', mode=0o400); chown('f', 65534, -1); user(lambda: utime('f', ns=(5, 7))); stat('f').st_mtime_ns",
            is: "7"),
    ]
}
