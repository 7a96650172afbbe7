extension PosixTable {
    /// A file that is open and was just created is in memory only, until something depends on its name: no call may
    /// tell it from another. `new(p)` makes one.
    static let newFiles = [
        PosixRow("mkdir of a new file's name", "new('f'); mkdir('f')", is: "EEXIST"),
        PosixRow("symlink of a new file's name", "new('f'); symlink('x', 'f')", is: "EEXIST"),
        PosixRow("mkfifo of a new file's name", "new('f'); mkfifo('f')", is: "EEXIST"),
        PosixRow("a link of a new file", "new('f'); link('f', 'g')", is: "EPERM"),
        PosixRow("a link to a new file's name", "make('f'); new('g'); link('f', 'g')", is: "EEXIST"),
        PosixRow("rmdir of a new file", "new('f'); rmdir('f')", is: "ENOTDIR"),
        PosixRow("open below a new file", "new('f'); open('f/x', O_RDONLY)", is: "ENOTDIR"),
        PosixRow("O_DIRECTORY of a new file", "new('f'); open('f', O_RDONLY | O_DIRECTORY)", is: "ENOTDIR"),
        PosixRow(
            "a new file is listed and read", "new('f', b'abc'); (names(), read_all('f'), stat('f').st_size)",
            is: "('f', b'abc', 3)"),
        PosixRow("rename of a directory over a new file", "mkdir('d'); new('f'); rename('d', 'f')", is: "ENOTDIR"),
        PosixRow("rename of a new file over a directory", "mkdir('d'); new('f'); rename('f', 'd')", is: "EISDIR"),
        PosixRow(
            "rename of a new file over itself",
            "fd = new('f', b'1'); rename('f', 'f'); write(fd, b'2'); close(fd); read_all('f')", is: "b'12'"),
        PosixRow(
            "rename of a new file over another",
            "a = new('f', b'1'); b = new('g', b'x'); rename('f', 'g'); write(a, b'2'); write(b, b'y'); close(b); close(a); (names(), read_all('g'))",
            is: "('g', b'12')"),
        PosixRow(
            "rename of a file over a new one",
            "make('f', b'f'); fd = new('g', b'x'); rename('f', 'g'); write(fd, b'y'); (names(), read_all('g'), pread(fd, 9, 0))",
            is: "('g', b'f', b'xy')"),
        PosixRow(
            "RENAME_EXCHANGE of two new files",
            "a = new('f', b'1'); b = new('g', b'x'); exchange('f', 'g'); write(a, b'2'); write(b, b'y'); close(a); close(b); (read_all('f'), read_all('g'))",
            is: "(b'xy', b'12')"),
        PosixRow(
            "RENAME_EXCHANGE of a new file and a directory",
            "mkdir('d'); fd = new('f', b'1'); exchange('f', 'd'); write(fd, b'2'); close(fd); (read_all('d'), kind('f'))",
            is: "(b'12', 'd')"),
        PosixRow(
            "RENAME_EXCHANGE with a directory that holds a new file",
            "mkdir('d'); make('f', b'f'); fd = new('d/g', b'1'); exchange('f', 'd'); write(fd, b'2'); close(fd); (read_all('d'), read_all('f/g'))",
            is: "(b'f', b'12')"),
        PosixRow(
            "the directory of a new file goes elsewhere",
            "makedirs('a/d'); fd = new('a/d/f', b'1'); rename('a/d', 'e'); write(fd, b'2'); close(fd); (names('a'), read_all('e/f'))",
            is: "('', b'12')"),
        PosixRow(
            "a new file goes out of its directory, which is removed",
            "mkdir('d'); fd = new('d/f', b'1'); rename('d/f', 'g'); rmdir('d'); write(fd, b'2'); close(fd); (names(), read_all('g'))",
            is: "('g', b'12')"),
        PosixRow(
            "a directory whose new file was removed is removed",
            "mkdir('d'); fd = new('d/f', b'1'); unlink('d/f'); rmdir('d'); write(fd, b'2'); pread(fd, 9, 0)",
            is: "b'12'"),
        PosixRow(
            "a directory whose new file was removed is replaced",
            "mkdir('d'); mkdir('e'); fd = new('e/f'); unlink('e/f'); make('d/x'); rename('d', 'e'); names('e')", is: "x"
        ),
        PosixRow(
            "a new file that was removed, and the next of that name",
            "a = new('f', b'1'); unlink('f'); b = new('f', b'x'); write(a, b'2'); write(b, b'y'); close(a); close(b); read_all('f')",
            is: "b'xy'"),
        PosixRow(
            "mode, owner, times, size and attributes of a new file by its name",
            "fd = new('f', b'abc'); chmod('f', 0o640); utime('f', ns=(5, 7)); setxattr('f', 'user.a', b'1'); truncate('f', 2); utime('f', ns=(5, 8)); close(fd); (mode('f'), stat('f').st_mtime_ns, getxattr('f', 'user.a'), read_all('f'))",
            is: "('640', 8, b'1', b'ab')"),
        PosixRow(
            "the maker of a file with mode 0 writes on after chmod",
            "fd = open('f', O_CREAT | O_RDWR, 0); chmod('f', 0o400); write(fd, b'x'); close(fd); (mode('f'), read_all('f'))",
            is: "('400', b'x')"),
        PosixRow(
            "a new file has its number from the first",
            "fd = new('f'); i = fstat(fd).st_ino; close(fd); stat('f').st_ino == i == int(next(scandir('.')).inode())",
            is: "True"),
        PosixRow(
            "new files that were never written are kept", "close(new('f')); close(new('g', b'x'))",
            afterRemount: "(stat('f').st_size, read_all('g'))", is: "(0, b'x')"),
        PosixRow(
            "what a listing shows is kept", "fd = new('f'); fsync(open('.', O_RDONLY))", afterRemount: "names()",
            is: "f"),
    ]

    /// Directories as programs read them.
    static let readdir = [
        PosixRow(
            "each name once, with its type",
            "make('f'); mkdir('d'); symlink('x', 'l'); mkfifo('p'); sorted((e.name, e.is_dir(follow_symlinks=False), e.is_symlink()) for e in scandir('.')) == [('d', True, False), ('f', False, False), ('l', False, True), ('p', False, False)]",
            is: "True"),
        PosixRow(
            "1,200 names",
            "[close(new(str(i))) for i in range(1200)]; sorted(listdir('.'), key=int) == [str(i) for i in range(1200)]",
            is: "True"),
        PosixRow(
            "names that are removed while they are read",
            "[close(new(str(i))) for i in range(600)]; [unlink(e.name) for e in scandir('.')]; names()", is: ""),
        PosixRow(
            "names that stay are shown while others come and go",
            "[close(new('s%d' % i)) for i in range(400)]; seen = [(e.name, close(new('n' + e.name)) if e.name[0] == 's' else unlink(e.name))[0] for e in scandir('.')]; sorted(n for n in seen if n[0] == 's') == sorted('s%d' % i for i in range(400))",
            is: "True"),
        PosixRow(
            "names of 255 bytes", "[close(new('%03d' % i + 'n' * 252)) for i in range(150)]; len(set(listdir('.')))",
            is: "150"),
        PosixRow("a file is not listed", "make('f'); listdir('f')", is: "ENOTDIR"),
        PosixRow("a name that is not there is not listed", "listdir('d')", is: "ENOENT"),
        PosixRow("the longest name is told", "statvfs('.').f_namemax", is: "255"),
        PosixRow("a directory is not read as a file", "os.read(open('.', O_RDONLY), 1)", is: "EISDIR"),
        PosixRow(
            "a directory is the same by . and ..",
            "mkdir('d'); stat('d/.').st_ino == stat('d').st_ino == stat('d/../d').st_ino", is: "True"),
    ]

    /// Times that move or stay, and descriptors that outlive names.
    static let times = [
        PosixRow(
            "a store through a map moves both times",
            "import mmap; fd = made('f', b'x' * 100); m = mmap.mmap(fd, 100); touched(lambda: (m.__setitem__(0, 1), m.flush()), 'f')",
            is: "mtime+ctime"),
        PosixRow(
            "a write of no bytes moves neither", "fd = made('f', b'x'); touched(lambda: write(fd, b''), 'f')",
            is: "none"),
        PosixRow(
            "setxattr and removexattr move ctime",
            "make('f'); (touched(lambda: setxattr('f', 'user.a', b'1'), 'f'), touched(lambda: removexattr('f', 'user.a'), 'f'))",
            is: "('ctime', 'ctime')"),
        PosixRow(
            "rename of a directory moves its ctime",
            "mkdir('d'); touched(lambda: rename('d', 'e'), open('d', O_RDONLY))", is: "ctime"),
        PosixRow(
            "rename to itself moves nothing", "make('f'); touched(lambda: rename('f', 'f'), 'f', '.')", is: "none, none"
        ),
        PosixRow(
            "what is refused moves nothing",
            "make('f'); mkdir('d'); touched(lambda: [errname(mkdir, 'd'), errname(rmdir, 'f'), errname(unlink, 'x'), errname(rename, 'f', 'd')], '.', 'f', 'd')",
            is: "none, none, none"),
        PosixRow(
            "a map outlives descriptor and name",
            "import mmap; fd = made('f', b'abc'); m = mmap.mmap(fd, 3); close(fd); unlink('f'); m[0] = 65; m.flush(); m[:3]",
            is: "b'Abc'"),
        PosixRow(
            "a map outlives the file that it was replaced by",
            "import mmap; fd = made('f', b'abc'); make('g', b'xyz'); m = mmap.mmap(fd, 3); close(fd); rename('g', 'f'); m[:3]",
            is: "b'abc'"),
        PosixRow(
            "a file with no name is opened again by its descriptor",
            "fd = made('f', b'abc'); unlink('f'); os.read(open('/proc/self/fd/%d' % fd, O_RDONLY), 9)", is: "b'abc'"),
        PosixRow(
            "O_DIRECT and O_SYNC write",
            "import mmap; fd = open('f', O_CREAT | O_RDWR | O_DIRECT | O_SYNC); m = mmap.mmap(-1, 8192); m[:3] = b'abc'; write(fd, m); (fstat(fd).st_size, read_all('f')[:4])",
            is: "(8192, b'abc\\x00')"),
        PosixRow(
            "O_CREAT and O_NOFOLLOW of a link to nothing",
            "symlink('x', 'l'); open('l', O_CREAT | O_NOFOLLOW | O_WRONLY)", is: "ELOOP"),
        PosixRow(
            "flock excludes",
            "import fcntl; a = made('f'); b = open('f', O_RDWR); fcntl.flock(a, fcntl.LOCK_EX | fcntl.LOCK_NB); fcntl.flock(b, fcntl.LOCK_EX | fcntl.LOCK_NB)",
            is: "EAGAIN"),
    ]
}
