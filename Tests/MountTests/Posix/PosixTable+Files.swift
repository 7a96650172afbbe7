extension PosixTable {
    static let open = [
        PosixRow(
            "open with O_CREAT takes the mode less umask", "close(open('f', O_CREAT | O_WRONLY, 0o7777)); mode('f')",
            is: "7755"),
        PosixRow(
            "a file made with mode 0 is written by its maker",
            "fd = open('f', O_CREAT | O_RDWR, 0); write(fd, b'x'); (mode('f'), pread(fd, 9, 0))", is: "('0', b'x')"),
        PosixRow(
            "a new file moves the times of the parent", "touched(lambda: close(open('f', O_CREAT | O_WRONLY)), '.')",
            is: "mtime+ctime"),
        PosixRow(
            "O_CREAT of a file that is there leaves the parent's times",
            "make('f'); touched(lambda: close(open('f', O_CREAT | O_WRONLY)), '.', 'f')", is: "none, none"),
        PosixRow(
            "O_CREAT of a file that is there leaves its mode and bytes",
            "make('f', b'abc', 0o600); close(open('f', O_CREAT | O_WRONLY, 0o777)); (mode('f'), read_all('f'))",
            is: "('600', b'abc')"),
        PosixRow("O_EXCL of a file that is there", "make('f'); open('f', O_CREAT | O_EXCL | O_WRONLY)", is: "EEXIST"),
        PosixRow(
            "O_EXCL of a file that another is just making",
            "fd = open('f', O_CREAT | O_WRONLY); open('f', O_CREAT | O_EXCL | O_WRONLY)", is: "EEXIST"),
        PosixRow("O_EXCL of a directory", "mkdir('d'); open('d', O_CREAT | O_EXCL | O_WRONLY)", is: "EEXIST"),
        PosixRow(
            "O_EXCL of a link to nothing", "symlink('none', 'l'); open('l', O_CREAT | O_EXCL | O_WRONLY)", is: "EEXIST"),
        PosixRow(
            "O_CREAT through a link to nothing makes the target",
            "symlink('f', 'l'); close(open('l', O_CREAT | O_WRONLY)); kind('f')", is: "-"),
        PosixRow(
            "O_TRUNC empties, and moves both times",
            "make('f', b'abc'); touched(lambda: close(open('f', O_WRONLY | O_TRUNC)), 'f') + ' %d' % stat('f').st_size",
            is: "mtime+ctime 0"),
        PosixRow(
            "O_TRUNC of an empty file moves both times",
            "make('f'); touched(lambda: close(open('f', O_WRONLY | O_TRUNC)), 'f')", is: "mtime+ctime"),
        PosixRow(
            "O_TRUNC of an empty value moves both times",
            "p = '../../kv/stamp'; make(p); touched(lambda: close(open(p, O_WRONLY | O_TRUNC)), p)", is: "mtime+ctime"),
        PosixRow(
            "O_TRUNC of an empty placeholder leaves one",
            "make('../../records/stamp.json'); close(open('../../records/stamp.json', O_WRONLY | O_TRUNC))",
            afterRemount: "stat('../../records/stamp.json').st_size", is: "0"),
        PosixRow(
            "O_TRUNC is seen by those who have the file open",
            "fd = made('f', b'abc'); close(open('f', O_WRONLY | O_TRUNC)); (fstat(fd).st_size, pread(fd, 9, 0))",
            is: "(0, b'')"),
        PosixRow(
            "O_APPEND writes at the end wherever the offset is",
            "make('f', b'abc'); fd = open('f', O_RDWR | O_APPEND); lseek(fd, 0, 0); write(fd, b'd'); (lseek(fd, 0, 1), read_all('f'))",
            is: "(4, b'abcd')"),
        PosixRow(
            "O_APPEND of two descriptors overwrites nothing",
            "make('f'); a, b = [open('f', O_WRONLY | O_APPEND) for i in 'ab']; [write(fd, d) for fd, d in ((a, b'1'), (b, b'2'), (a, b'3'), (b, b'4'))]; read_all('f')",
            is: "b'1234'"),
        PosixRow("O_NOFOLLOW of a link", "make('f'); symlink('f', 'l'); open('l', O_RDONLY | O_NOFOLLOW)", is: "ELOOP"),
        PosixRow("O_NOFOLLOW of a file", "make('f', b'x'); os.read(open('f', O_RDONLY | O_NOFOLLOW), 9)", is: "b'x'"),
        PosixRow("O_DIRECTORY of a file", "make('f'); open('f', O_RDONLY | O_DIRECTORY)", is: "ENOTDIR"),
        PosixRow(
            "O_DIRECTORY of a directory", "mkdir('d'); make('d/f'); listdir(open('d', O_RDONLY | O_DIRECTORY))",
            is: "['f']"),
        PosixRow(
            "O_DIRECTORY and O_NOFOLLOW of a link to a directory",
            "mkdir('d'); symlink('d', 'l'); open('l', O_RDONLY | O_DIRECTORY | O_NOFOLLOW)", is: "ENOTDIR"),
        PosixRow("a directory is not opened for writing", "mkdir('d'); open('d', O_WRONLY)", is: "EISDIR"),
        PosixRow("O_CREAT of a directory", "mkdir('d'); open('d', O_CREAT | O_RDONLY)", is: "EISDIR"),
        PosixRow("O_CREAT with a slash behind the name", "open('f/', O_CREAT | O_WRONLY)", is: "EISDIR"),
        PosixRow("open of a file with a slash behind its name", "make('f'); open('f/', O_RDONLY)", is: "ENOTDIR"),
        PosixRow("open of a name that is not there", "open('f', O_RDONLY)", is: "ENOENT"),
        PosixRow("O_CREAT in a directory that is not there", "open('d/f', O_CREAT | O_WRONLY)", is: "ENOENT"),
        PosixRow("open below a file", "make('f'); open('f/x', O_CREAT | O_WRONLY)", is: "ENOTDIR"),
        PosixRow("open of a link to itself", "symlink('l', 'l'); open('l', O_RDONLY)", is: "ELOOP"),
        PosixRow("open of a name of 255 bytes", "make(LONG, b'x'); read_all(LONG)", is: "b'x'"),
        PosixRow("open of a name of 256 bytes", "open(LONG + 'n', O_CREAT | O_WRONLY)", is: "ENAMETOOLONG"),
        PosixRow(
            "open of a path of 4,096 bytes",
            "open('./' * 2047 + 'f', O_CREAT | O_WRONLY) and open('./' * 2047 + 'ff', O_CREAT | O_WRONLY)",
            is: "ENAMETOOLONG"),
        PosixRow("a FIFO that nobody reads", "mkfifo('f'); open('f', O_WRONLY | O_NONBLOCK)", is: "ENXIO"),
        PosixRow("write to what was opened for reading", "make('f'); write(open('f', O_RDONLY), b'x')", is: "EBADF"),
        PosixRow("read of what was opened for writing", "make('f'); os.read(open('f', O_WRONLY), 1)", is: "EBADF"),
        PosixRow("write moves both times", "fd = made('f'); touched(lambda: write(fd, b'x'), 'f')", is: "mtime+ctime"),
        PosixRow("read moves neither", "fd = made('f', b'x'); touched(lambda: os.read(fd, 1), 'f')", is: "none"),
        PosixRow("close moves neither", "fd = made('f'); write(fd, b'x'); touched(lambda: close(fd), 'f')", is: "none"),
        PosixRow(
            "read at and past the end", "fd = made('f', b'abc'); (pread(fd, 9, 3), pread(fd, 9, 2**40))",
            is: "(b'', b'')"),
        PosixRow(
            "write past the end leaves zeros between", "fd = made('f', b'a'); pwrite(fd, b'b', 5); pread(fd, 9, 0)",
            is: "b'a\\x00\\x00\\x00\\x00b'"),
        PosixRow("lseek before the beginning", "fd = made('f'); lseek(fd, -1, 0)", is: "EINVAL"),
        PosixRow(
            "a program is run from here",
            "make('f', b'#!/bin/sh\\necho ran', 0o755); subprocess.run(['./f'], capture_output=True).stdout",
            is: "b'ran\\n'"),
    ]

    static let openByUsers = [
        PosixRow(
            "open for reading without r", "make('f', mode=0o222); user(lambda: open('f', O_RDONLY))", is: "EACCES"),
        PosixRow(
            "open for writing without w", "make('f', mode=0o444); user(lambda: open('f', O_WRONLY))", is: "EACCES"),
        PosixRow(
            "O_TRUNC without w changes nothing",
            "make('f', b'abc', 0o444); (user(lambda: errname(open, 'f', O_RDONLY | O_TRUNC)), read_all('f'))",
            is: "('EACCES', b'abc')"),
        PosixRow(
            "O_CREAT where the user may not write", "mkdir('d'); user(lambda: open('d/f', O_CREAT | O_WRONLY))",
            is: "EACCES"),
        PosixRow(
            "open in a directory that may not be searched",
            "mkdir('d', 0o744); make('d/f', mode=0o666); user(lambda: open('d/f', O_RDONLY))", is: "EACCES"),
        PosixRow(
            "O_NOATIME by one who is not the owner", "make('f'); user(lambda: open('f', O_RDONLY | O_NOATIME))",
            is: "EPERM"),
        PosixRow(
            "a write by a user clears suid and sgid",
            "make('f', b'x', 0o6777); user(lambda: pwrite(open('f', O_WRONLY), b'y', 0)); becomes('777', lambda: mode('f'))",
            is: "777"),
        PosixRow(
            "a new file is the user's", "user(lambda: make('f')); (stat('f').st_uid, stat('f').st_gid, mode('f'))",
            is: "(65534, 65534, '644')"),
    ]

    static let truncate = [
        PosixRow(
            "truncate to the size that it has moves both times",
            "make('f', b'abc'); touched(lambda: truncate('f', 3), 'f')", is: "mtime+ctime"),
        PosixRow("truncate cuts", "make('f', b'abcdef'); truncate('f', 3); read_all('f')", is: "b'abc'"),
        PosixRow(
            "truncate grows with zeros", "make('f', b'ab'); truncate('f', 5); read_all('f')", is: "b'ab\\x00\\x00\\x00'"
        ),
        PosixRow(
            "what was cut does not come back",
            "make('f', b'abcdef'); truncate('f', 2); truncate('f', 6); read_all('f')", is: "b'ab\\x00\\x00\\x00\\x00'"),
        PosixRow(
            "a cut within a page does not come back through a map",
            "import mmap; fd = made('f', b'x' * 9000); m = mmap.mmap(fd, 9000); m[8999]; ftruncate(fd, 100); ftruncate(fd, 9000); (m[99:102], m[8999])",
            is: "(b'x\\x00\\x00', 0)"),
        PosixRow(
            "truncate to 1 TiB takes no room",
            "make('f'); truncate('f', 2**40); s = stat('f'); (s.st_size, s.st_blocks < 100, pread(open('f', O_RDONLY), 2, 2**40 - 1))",
            is: "(1099511627776, True, b'\\x00')",
            // It has each value whole, and of 64 MiB at most.
            ofFarSide: "before the last statement: OSError(27, 'File too large')"),
        PosixRow(
            "truncate moves both times", "make('f', b'abc'); touched(lambda: truncate('f', 1), 'f')", is: "mtime+ctime"),
        PosixRow(
            "ftruncate moves both times", "fd = made('f', b'abc'); touched(lambda: ftruncate(fd, 7), 'f')",
            is: "mtime+ctime"),
        PosixRow(
            "ftruncate leaves the offset",
            "fd = made('f'); write(fd, b'abcdef'); ftruncate(fd, 2); write(fd, b'g'); read_all('f')",
            is: "b'ab\\x00\\x00\\x00\\x00g'"),
        PosixRow(
            "ftruncate of what was opened for reading", "make('f'); ftruncate(open('f', O_RDONLY), 0)", is: "EINVAL"),
        PosixRow(
            "truncate follows a link", "make('f', b'abc'); symlink('f', 'l'); truncate('l', 1); read_all('f')",
            is: "b'a'"),
        PosixRow("truncate to less than nothing", "make('f'); truncate('f', -1)", is: "EINVAL"),
        PosixRow("truncate of a directory", "mkdir('d'); truncate('d', 0)", is: "EISDIR"),
        PosixRow("truncate of a FIFO", "mkfifo('f'); truncate('f', 0)", is: "EINVAL"),
        PosixRow("truncate of a name that is not there", "truncate('f', 0)", is: "ENOENT"),
        PosixRow("truncate below a file", "make('f'); truncate('f/x', 0)", is: "ENOTDIR"),
        PosixRow("truncate of a link to itself", "symlink('l', 'l'); truncate('l', 0)", is: "ELOOP"),
        PosixRow("truncate of a name of 256 bytes", "truncate(LONG + 'n', 0)", is: "ENAMETOOLONG"),
    ]

    static let truncateByUsers = [
        PosixRow(
            "truncate without w", "make('f', b'abc'); (user(lambda: errname(truncate, 'f', 0)), stat('f').st_size)",
            is: "('EACCES', 3)"),
        PosixRow(
            "truncate by a user clears suid and sgid",
            "make('f', b'abc', 0o6777); user(lambda: truncate('f', 1)); becomes('777', lambda: mode('f'))", is: "777"),
        PosixRow(
            "ftruncate of what was opened before w was taken",
            "make('f', b'abc'); chown('f', 65534, -1); user(lambda: (fd := open('f', O_RDWR), chmod('f', 0o400), ftruncate(fd, 1))[1]); stat('f').st_size",
            is: "1"),
    ]

    static let permissions = [
        PosixRow(
            "the owner's bits count for the owner alone",
            "make('f', mode=0o077); chown('f', 65534, 65534); user(lambda: open('f', O_RDONLY))", is: "EACCES"),
        PosixRow(
            "the group's bits count for the group alone",
            "make('f', mode=0o707); chown('f', 1, 65534); user(lambda: open('f', O_RDONLY))", is: "EACCES"),
        PosixRow(
            "a further group is a group",
            "make('f', b'x', 0o640); chown('f', 1, 12); user(lambda: read_all('f').decode(), groups=[11, 12])", is: "x"),
        PosixRow(
            "the bits of others count for others",
            "make('f', b'x', 0o604); chown('f', 1, 1); user(lambda: read_all('f').decode())", is: "x"),
        PosixRow(
            "a directory without r is not listed, but searched",
            "mkdir('d', 0o711); make('d/f', b'x'); chmod('d', 0o711); user(lambda: (errname(listdir, 'd'), read_all('d/f').decode()))",
            is: "['EACCES', 'x']"),
        PosixRow(
            "a directory without x is listed, but not searched",
            "mkdir('d'); make('d/f'); chmod('d', 0o744); user(lambda: (listdir('d'), errname(stat, 'd/f')))",
            is: "[['f'], 'EACCES']"),
        PosixRow(
            "access tells what open would",
            "make('f', mode=0o604); user(lambda: [access('f', a) for a in (F_OK, R_OK, W_OK, X_OK)])",
            is: "[True, True, False, False]"),
        PosixRow(
            "root may read and write all, but not execute what nobody may",
            "make('f', b'x', 0); [access('f', a) for a in (R_OK, W_OK, X_OK)]", is: "[True, True, False]"),
        PosixRow(
            "a program without x is not run", "make('f', b'#!/bin/sh\\n', 0o644); user(lambda: execv('./f', ['f']))",
            is: "EACCES"),
        PosixRow(
            "attributes of one's own are set by the owner",
            "make('f'); chown('f', 65534, -1); user(lambda: (setxattr('f', 'user.a', b'1'), getxattr('f', 'user.a').decode()))[1]",
            is: "1"),
        PosixRow(
            "attributes of another's are not set without w", "make('f'); user(lambda: setxattr('f', 'user.a', b'1'))",
            is: "EACCES"),
        PosixRow(
            "attributes of another's are not read without r",
            "make('f', mode=0o600); setxattr('f', 'user.a', b'1'); user(lambda: getxattr('f', 'user.a').decode())",
            is: "EACCES"),
        PosixRow(
            "documents are under their modes too",
            "p = '../../kv/secret'; make(p, b'x', 0o600); user(lambda: open(p, O_RDONLY))", is: "EACCES"),
        PosixRow(
            "who may not see a directory does not learn its names",
            "mkdir('d', 0o700); make('d/f'); user(lambda: [errname(lstat, p) for p in ('d/f', 'd/none')])",
            is: "['EACCES', 'EACCES']"),
    ]

    /// On a mount with `ro`, in blobs/ with what `readOnlyTree` made.
    static let readOnly = [
        PosixRow("a file is read", "read_all('f')", is: "b'abc'"),
        PosixRow("a file is not opened for writing", "open('f', O_WRONLY)", is: "EROFS"),
        PosixRow("a file is not emptied", "open('f', O_RDONLY | O_TRUNC)", is: "EROFS"),
        PosixRow("no file is made", "open('g', O_CREAT | O_WRONLY)", is: "EROFS"),
        PosixRow(
            "O_CREAT of a file that is there opens it for reading", "os.read(open('f', O_CREAT | O_RDONLY), 9)",
            is: "b'abc'"),
        PosixRow("no directory is made", "mkdir('e')", is: "EROFS"),
        PosixRow("mkdir of one that is there", "mkdir('d')", is: "EEXIST"),
        PosixRow("no FIFO is made", "mkfifo('p')", is: "EROFS"),
        PosixRow("no symbolic link is made", "symlink('x', 'm')", is: "EROFS"),
        PosixRow("no hard link is made", "link('f', 'g')", is: "EROFS"),
        PosixRow("nothing is renamed", "rename('f', 'g')", is: "EROFS"),
        PosixRow("no file is removed", "unlink('f')", is: "EROFS"),
        PosixRow("no directory is removed", "rmdir('d')", is: "EROFS"),
        PosixRow("no mode is set", "chmod('f', 0o600)", is: "EROFS"),
        PosixRow("no owner is set", "chown('f', -1, -1)", is: "EROFS"),
        PosixRow("no time is set", "utime('f')", is: "EROFS"),
        PosixRow("no size is set", "truncate('f', 0)", is: "EROFS"),
        PosixRow("no attribute is set", "setxattr('f', 'user.a', b'1')", is: "EROFS"),
        PosixRow("access for writing", "access('f', W_OK)", is: "False"),
        PosixRow("statvfs says so", "bool(statvfs('.').f_flag & ST_RDONLY)", is: "True"),
    ]
    static let readOnlyTree = "printf abc > blobs/f; mkdir blobs/d; ln -s f blobs/l"
}
