extension PosixTable {
    static let link = [
        PosixRow("hard links are refused", "make('f'); link('f', 'g')", is: "EPERM"),
        PosixRow(
            "a refused link leaves nothing", "make('f'); (errname(link, 'f', 'g'), names(), stat('f').st_nlink)",
            is: "('EPERM', 'f', 1)"),
        PosixRow("a link in another directory is refused", "make('f'); mkdir('d'); link('f', 'd/f')", is: "EPERM"),
        PosixRow(
            "a link to a symbolic link is refused", "symlink('x', 'l'); link('l', 'g', follow_symlinks=False)",
            is: "EPERM"),
        PosixRow("a link to a name that is there", "make('f'); make('g'); link('f', 'g')", is: "EEXIST"),
        PosixRow("a link of a name that is not there", "link('f', 'g')", is: "ENOENT"),
        PosixRow("a link below a file", "make('f'); link('f', 'f/g')", is: "ENOTDIR"),
        PosixRow("a link of a directory", "mkdir('d'); link('d', 'e')", is: "EPERM"),
        PosixRow("a link with a name of 256 bytes", "make('f'); link('f', LONG + 'n')", is: "ENAMETOOLONG"),
        PosixRow(
            "a file has one link, an open one with no name has none",
            "fd = made('f'); a = fstat(fd).st_nlink; unlink('f'); (a, fstat(fd).st_nlink)", is: "(1, 0)"),
    ]

    static let mkdir = [
        PosixRow("mkdir takes the mode less umask", "mkdir('d', 0o777); (kind('d'), mode('d'))", is: "('d', '755')"),
        PosixRow("a new directory is empty", "mkdir('d'); names('d')", is: ""),
        PosixRow("mkdir moves the times of the parent", "touched(lambda: mkdir('d'), '.')", is: "mtime+ctime"),
        PosixRow("mkdir of a directory that is there", "mkdir('d'); mkdir('d')", is: "EEXIST"),
        PosixRow("mkdir of a file that is there", "make('f'); mkdir('f')", is: "EEXIST"),
        PosixRow("mkdir of a link to nothing that is there", "symlink('none', 'l'); mkdir('l')", is: "EEXIST"),
        PosixRow("mkdir of .", "mkdir('.')", is: "EEXIST"),
        PosixRow("mkdir in a directory that is not there", "mkdir('d/e')", is: "ENOENT"),
        PosixRow("mkdir of no name", "mkdir('')", is: "ENOENT"),
        PosixRow("mkdir below a file", "make('f'); mkdir('f/d')", is: "ENOTDIR"),
        PosixRow("mkdir through a link to itself", "symlink('l', 'l'); mkdir('l/d')", is: "ELOOP"),
        PosixRow("mkdir with a name of 255 bytes", "mkdir(LONG); names() == LONG", is: "True"),
        PosixRow("mkdir with a name of 256 bytes", "mkdir(LONG + 'n')", is: "ENAMETOOLONG"),
        PosixRow("mkdir with a slash behind the name", "mkdir('d/'); kind('d')", is: "d"),
        PosixRow(
            "names are bytes", "n = bytes(set(range(1, 256)) - {47, 92}); mkdir(n); listdir(b'.') == [n]", is: "True"),
        PosixRow(
            "a name may have a backslash", "mkdir('a\\\\b'); names() == 'a\\\\b'", is: "True",
            notInBucket: "SeaweedFS takes it for a /"),
        PosixRow(
            "neither case nor composition is folded",
            "[mkdir(n) for n in ('a', 'A', '\\u00e9', 'e\\u0301')]; len(listdir('.'))", is: "4"),
        PosixRow(
            "a directory in a deep directory",
            "[(mkdir('d' * 200), chdir('d' * 200)) for i in range(30)]; make('f', b'deep'); read_all('f')",
            is: "b'deep'", notInBucket: "S3 takes names of 1,024 bytes"),
    ]

    static let mkdirByUsers = [
        PosixRow("mkdir where the user may not write", "mkdir('d'); user(lambda: mkdir('d/e'))", is: "EACCES"),
        PosixRow(
            "what a user makes is theirs", "user(lambda: mkdir('d')); (stat('d').st_uid, stat('d').st_gid)",
            is: "(65534, 65534)"),
        PosixRow(
            "a directory in one with sgid takes its group and its sgid",
            "mkdir('d'); chown('d', -1, 55); chmod('d', 0o2777); user(lambda: mkdir('d/e')); (stat('d/e').st_gid, mode('d/e'))",
            is: "(55, '2755')"),
        PosixRow(
            "a file in a directory with sgid takes its group",
            "mkdir('d'); chown('d', -1, 55); chmod('d', 0o2777); user(lambda: make('d/f')); (stat('d/f').st_gid, mode('d/f'))",
            is: "(55, '644')"),
    ]

    static let mknod = [
        PosixRow(
            "mkfifo makes a FIFO, with the mode less umask", "mkfifo('f', 0o666); (kind('f'), mode('f'))",
            is: "('p', '644')"),
        PosixRow(
            "a FIFO carries bytes", "mkfifo('f'); fd = open('f', O_RDWR); write(fd, b'x'); os.read(fd, 9)", is: "b'x'"),
        PosixRow("mkfifo moves the times of the parent", "touched(lambda: mkfifo('f'), '.')", is: "mtime+ctime"),
        PosixRow("mkfifo of a name that is there", "make('f'); mkfifo('f')", is: "EEXIST"),
        PosixRow("mkfifo in a directory that is not there", "mkfifo('d/f')", is: "ENOENT"),
        PosixRow("mkfifo below a file", "make('f'); mkfifo('f/f')", is: "ENOTDIR"),
        PosixRow("mkfifo through a link to itself", "symlink('l', 'l'); mkfifo('l/f')", is: "ELOOP"),
        PosixRow("mkfifo with a name of 256 bytes", "mkfifo(LONG + 'n')", is: "ENAMETOOLONG"),
        PosixRow("mkfifo where only blobs/ keeps special files", "mkfifo('../../kv/f')", is: "EPERM"),
        PosixRow(
            "mknod makes a file", "mknod('f', 0o600 | kinds.S_IFREG); (kind('f'), mode('f'), stat('f').st_size)",
            is: "('-', '600', 0)"),
        PosixRow("a socket is bound to a name", "s = socket.socket(socket.AF_UNIX); s.bind('s'); kind('s')", is: "s"),
        PosixRow(
            "a socket is not opened", "s = socket.socket(socket.AF_UNIX); s.bind('s'); open('s', O_RDONLY)", is: "ENXIO"
        ),
        PosixRow("FIFOs are kept", "mkfifo('f', 0o600)", afterRemount: "(kind('f'), mode('f'))", is: "('p', '600')"),
    ]

    static let mknodByRoot = [
        PosixRow(
            "mknod keeps the number of a device",
            "mknod('c', 0o600 | kinds.S_IFCHR, makedev(240, 1234)); (kind('c'), major(stat('c').st_rdev), minor(stat('c').st_rdev))",
            is: "('c', 240, 1234)"),
        PosixRow(
            "a block device is kept", "mknod('b', 0o600 | kinds.S_IFBLK, makedev(240, 3))",
            afterRemount: "(kind('b'), stat('b').st_rdev == makedev(240, 3))", is: "('b', True)"),
        PosixRow(
            "mknod of a device by a user", "user(lambda: mknod('c', 0o600 | kinds.S_IFCHR, makedev(1, 3)))", is: "EPERM"
        ),
        PosixRow("mkfifo where the user may not write", "mkdir('d'); user(lambda: mkfifo('d/f'))", is: "EACCES"),
    ]

    static let rmdir = [
        PosixRow("rmdir removes an empty directory", "mkdir('d'); rmdir('d'); names()", is: ""),
        PosixRow(
            "rmdir moves the times of the parent", "mkdir('d'); touched(lambda: rmdir('d'), '.')", is: "mtime+ctime"),
        PosixRow("rmdir of a directory with a file", "mkdir('d'); make('d/f'); rmdir('d')", is: "ENOTEMPTY"),
        PosixRow(
            "rmdir of a directory with a file that is open and new",
            "mkdir('d'); fd = open('d/f', O_CREAT | O_WRONLY); rmdir('d')", is: "ENOTEMPTY"),
        PosixRow(
            "rmdir of a directory with a link to nothing", "mkdir('d'); symlink('none', 'd/l'); rmdir('d')",
            is: "ENOTEMPTY"),
        PosixRow(
            "rmdir of a directory whose file is open with no name",
            "mkdir('d'); fd = made('d/f'); unlink('d/f'); rmdir('d'); names()", is: ""),
        PosixRow("rmdir of a file", "make('f'); rmdir('f')", is: "ENOTDIR"),
        PosixRow("rmdir of a link to a directory", "mkdir('d'); symlink('d', 'l'); rmdir('l')", is: "ENOTDIR"),
        PosixRow("rmdir of a name that is not there", "rmdir('d')", is: "ENOENT"),
        PosixRow("rmdir below a file", "make('f'); rmdir('f/d')", is: "ENOTDIR"),
        PosixRow("rmdir through a link to itself", "symlink('l', 'l'); rmdir('l/d')", is: "ELOOP"),
        PosixRow("rmdir of a name of 256 bytes", "rmdir(LONG + 'n')", is: "ENAMETOOLONG"),
        PosixRow("rmdir of .", "mkdir('d'); rmdir('d/.')", is: "EINVAL"),
        PosixRow("rmdir of ..", "makedirs('d/e'); rmdir('d/e/..')", is: "ENOTEMPTY"),
        PosixRow("rmdir of a namespace", "rmdir('../../kv')", is: "EBUSY"),
        PosixRow(
            "nothing is made in a directory with no name",
            "mkdir('d'); fd = open('d', O_RDONLY); rmdir('d'); open('f', O_CREAT | O_WRONLY, dir_fd=fd)", is: "ENOENT"),
    ]

    static let rmdirByUsers = [
        PosixRow("rmdir where the user may not write", "makedirs('d/e'); user(lambda: rmdir('d/e'))", is: "EACCES"),
        PosixRow(
            "rmdir of another's in a sticky directory",
            "makedirs('d/e'); chmod('d', 0o1777); user(lambda: rmdir('d/e'))", is: "EPERM"),
        PosixRow(
            "rmdir of one's own in a sticky directory",
            "mkdir('d'); chmod('d', 0o1777); user(lambda: (mkdir('d/e'), rmdir('d/e'))); names('d')", is: ""),
    ]

    static let symlink = [
        PosixRow("readlink gives the target", "symlink('a/../b', 'l'); readlink('l')", is: "a/../b"),
        PosixRow(
            "a link is as long as its target, and open to all",
            "symlink('12345', 'l'); (kind('l'), lstat('l').st_size, mode('l'))", is: "('l', 5, '777')"),
        PosixRow("targets are bytes", "n = bytes(range(1, 256)); symlink(n, b'l'); readlink(b'l') == n", is: "True"),
        PosixRow(
            "a target of 4,095 bytes", "symlink('t' * 4095, 'l'); (readlink('l') == 't' * 4095, lstat('l').st_size)",
            is: "(True, 4095)"),
        PosixRow("a target of 4,096 bytes", "symlink('t' * 4096, 'l')", is: "ENAMETOOLONG"),
        PosixRow("no target", "symlink('', 'l')", is: "ENOENT"),
        PosixRow("symlink moves the times of the parent", "touched(lambda: symlink('x', 'l'), '.')", is: "mtime+ctime"),
        PosixRow("symlink of a name that is there", "make('f'); symlink('x', 'f')", is: "EEXIST"),
        PosixRow("symlink of a link that is there", "symlink('x', 'l'); symlink('y', 'l')", is: "EEXIST"),
        PosixRow("symlink in a directory that is not there", "symlink('x', 'd/l')", is: "ENOENT"),
        PosixRow("symlink below a file", "make('f'); symlink('x', 'f/l')", is: "ENOTDIR"),
        PosixRow("symlink through a link to itself", "symlink('l', 'l'); symlink('x', 'l/l')", is: "ELOOP"),
        PosixRow("symlink with a name of 256 bytes", "symlink('x', LONG + 'n')", is: "ENAMETOOLONG"),
        PosixRow("readlink of a file", "make('f'); readlink('f')", is: "EINVAL"),
        PosixRow(
            "a link leads to a directory", "mkdir('d'); make('d/f', b'x'); symlink('d', 'l'); read_all('l/f')",
            is: "b'x'"),
        PosixRow(
            "40 links in a chain", "make('0', b'x'); [symlink(str(i), str(i + 1)) for i in range(40)]; read_all('40')",
            is: "b'x'"),
        PosixRow(
            "41 links in a chain", "make('0', b'x'); [symlink(str(i), str(i + 1)) for i in range(41)]; read_all('41')",
            is: "ELOOP"),
        PosixRow("links are kept", "symlink('t' * 4095, 'l')", afterRemount: "readlink('l') == 't' * 4095", is: "True"),
    ]

    static let unlink = [
        PosixRow("unlink removes a file", "make('f'); unlink('f'); names()", is: ""),
        PosixRow(
            "unlink moves the times of the parent", "make('f'); touched(lambda: unlink('f'), '.')", is: "mtime+ctime"),
        PosixRow(
            "unlink moves ctime of a file that is open", "fd = made('f'); touched(lambda: unlink('f'), fd)", is: "ctime"
        ),
        PosixRow(
            "unlink removes a link, not its target", "make('f'); symlink('f', 'l'); unlink('l'); names()", is: "f"),
        PosixRow(
            "unlink removes special files",
            "mkfifo('p'); s = socket.socket(socket.AF_UNIX); s.bind('s'); unlink('p'); unlink('s'); names()", is: ""),
        PosixRow("unlink of a directory", "mkdir('d'); unlink('d')", is: "EISDIR"),
        PosixRow("unlink of a name that is not there", "unlink('f')", is: "ENOENT"),
        PosixRow("unlink of a name that was removed", "make('f'); unlink('f'); unlink('f')", is: "ENOENT"),
        PosixRow("unlink below a file", "make('f'); unlink('f/x')", is: "ENOTDIR"),
        PosixRow("unlink with a slash behind a file", "make('f'); unlink('f/')", is: "ENOTDIR"),
        PosixRow("unlink through a link to itself", "symlink('l', 'l'); unlink('l/x')", is: "ELOOP"),
        PosixRow("unlink of a name of 256 bytes", "unlink(LONG + 'n')", is: "ENAMETOOLONG"),
        PosixRow(
            "an open file with no name is read",
            "fd = made('f', b'abc'); unlink('f'); (pread(fd, 9, 0), fstat(fd).st_size)", is: "(b'abc', 3)"),
        PosixRow(
            "an open file with no name is written and cut",
            "fd = made('f', b'abc'); unlink('f'); pwrite(fd, b'xyz', 2); ftruncate(fd, 4); pread(fd, 9, 0)",
            is: "b'abxy'"),
        PosixRow(
            "an open file with no name is another than the next of that name",
            "fd = made('f', b'old'); unlink('f'); make('f', b'new'); (pread(fd, 9, 0), read_all('f'), fstat(fd).st_ino != stat('f').st_ino)",
            is: "(b'old', b'new', True)"),
        PosixRow(
            "a new file that was never closed is removed",
            "fd = open('f', O_CREAT | O_RDWR); write(fd, b'x'); unlink('f'); (names(), pread(fd, 9, 0))",
            is: "('', b'x')"),
    ]

    static let unlinkByUsers = [
        PosixRow(
            "unlink where the user may not write", "mkdir('d'); make('d/f', mode=0o666); user(lambda: unlink('d/f'))",
            is: "EACCES"),
        PosixRow(
            "unlink of another's file, where the user may write",
            "make('f', mode=0); user(lambda: unlink('f')); names()", is: ""),
        PosixRow(
            "unlink of another's in a sticky directory",
            "mkdir('d'); chmod('d', 0o1777); make('d/f', mode=0o666); user(lambda: unlink('d/f'))", is: "EPERM"),
        PosixRow(
            "unlink of one's own in a sticky directory",
            "mkdir('d'); chmod('d', 0o1777); user(lambda: (make('d/f'), unlink('d/f'))); names('d')", is: ""),
        PosixRow(
            "unlink in one's own sticky directory",
            "mkdir('d'); chown('d', 65534, -1); chmod('d', 0o1777); make('d/f'); user(lambda: unlink('d/f')); names('d')",
            is: ""),
    ]
}
