extension PosixTable {
    static let rename = [
        PosixRow(
            "rename moves a file",
            "make('f', b'x'); i = stat('f').st_ino; rename('f', 'g'); (names(), read_all('g'), stat('g').st_ino == i)",
            is: "('g', b'x', True)"),
        PosixRow(
            "rename moves ctime of the file alone", "make('f'); touched(lambda: rename('f', 'g'), open('f', O_RDONLY))",
            is: "ctime"),
        PosixRow(
            "rename moves the times of both parents",
            "mkdir('a'); mkdir('b'); make('a/f'); touched(lambda: rename('a/f', 'b/f'), 'a', 'b')",
            is: "mtime+ctime, mtime+ctime"),
        PosixRow(
            "rename replaces a file",
            "make('f', b'new'); make('g', b'old'); rename('f', 'g'); (names(), read_all('g'))", is: "('g', b'new')"),
        PosixRow(
            "what was replaced is read by who has it open",
            "make('f', b'new'); fd = made('g', b'old'); rename('f', 'g'); (pread(fd, 9, 0), fstat(fd).st_nlink)",
            is: "(b'old', 0)"),
        PosixRow(
            "a file that is being written goes along",
            "make('g', b'old'); fd = open('f', O_CREAT | O_WRONLY); write(fd, b'12'); rename('f', 'g'); write(fd, b'34'); close(fd); read_all('g')",
            is: "b'1234'"),
        PosixRow("rename to itself", "make('f', b'x'); rename('f', 'f'); read_all('f')", is: "b'x'"),
        PosixRow("rename moves a link, not its target", "symlink('x', 'l'); rename('l', 'm'); readlink('m')", is: "x"),
        PosixRow(
            "rename replaces a link, not its target",
            "make('f', b'f'); make('g', b'g'); symlink('f', 'l'); rename('g', 'l'); (kind('l'), read_all('f'), read_all('l'))",
            is: "('-', b'f', b'g')"),
        PosixRow("rename moves special files", "mkfifo('p'); rename('p', 'q'); kind('q')", is: "p"),
        PosixRow(
            "rename moves a directory with what it holds",
            "makedirs('d/e'); make('d/e/f', b'x'); rename('d', 'g'); (names(), read_all('g/e/f'))", is: "('g', b'x')"),
        PosixRow(
            "a directory that went elsewhere has another parent",
            "makedirs('a/d'); mkdir('b'); rename('a/d', 'b/d'); stat('b/d/..').st_ino == stat('b').st_ino", is: "True"),
        PosixRow(
            "rename replaces an empty directory",
            "mkdir('d'); make('d/f'); mkdir('e'); rename('d', 'e'); (names(), names('e'))", is: "('e', 'f')"),
        PosixRow(
            "rename over a directory that holds something", "mkdir('d'); mkdir('e'); make('e/f'); rename('d', 'e')",
            is: "ENOTEMPTY"),
        PosixRow(
            "rename over a directory that holds a new open file",
            "mkdir('d'); mkdir('e'); fd = open('e/f', O_CREAT | O_WRONLY); rename('d', 'e')", is: "ENOTEMPTY"),
        PosixRow("rename of a file over a directory", "make('f'); mkdir('d'); rename('f', 'd')", is: "EISDIR"),
        PosixRow("rename of a directory over a file", "mkdir('d'); make('f'); rename('d', 'f')", is: "ENOTDIR"),
        PosixRow(
            "rename of a directory over a link to a directory",
            "mkdir('d'); mkdir('e'); symlink('e', 'l'); rename('d', 'l')", is: "ENOTDIR"),
        PosixRow("rename of a directory into itself", "mkdir('d'); rename('d', 'd/e')", is: "EINVAL"),
        PosixRow("rename of a directory far into itself", "makedirs('d/e/f'); rename('d', 'd/e/f/g')", is: "EINVAL"),
        PosixRow("rename over one's own parent", "makedirs('d/e'); rename('d/e', 'd')", is: "ENOTEMPTY"),
        PosixRow("rename of .", "mkdir('d'); chdir('d'); rename('.', '../e')", is: "EBUSY"),
        PosixRow("rename over ..", "makedirs('d/e'); mkdir('g'); rename('g', 'd/e/..')", is: "EBUSY"),
        PosixRow("rename of a namespace", "rename('../../kv', '../../vk')", is: "EBUSY"),
        PosixRow("rename into another namespace", "make('f'); rename('f', '../../kv/renamed')", is: "EXDEV"),
        PosixRow(
            "rename of a directory into another namespace", "mkdir('d'); rename('d', '../../events/renamed')",
            is: "EXDEV"),
        PosixRow("rename off the mount", "make('f'); rename('f', environ['SCRATCH'] + '/f')", is: "EXDEV"),
        PosixRow("rename of a name that is not there", "rename('f', 'g')", is: "ENOENT"),
        PosixRow("rename into a directory that is not there", "make('f'); rename('f', 'd/f')", is: "ENOENT"),
        PosixRow("rename below a file", "make('f'); make('g'); rename('f', 'g/f')", is: "ENOTDIR"),
        PosixRow("rename of a file with a slash behind the new name", "make('f'); rename('f', 'g/')", is: "ENOTDIR"),
        PosixRow(
            "rename of a directory with slashes behind the names", "mkdir('d'); rename('d/', 'e/'); names()", is: "e"),
        PosixRow("rename through a link to itself", "make('f'); symlink('l', 'l'); rename('f', 'l/f')", is: "ELOOP"),
        PosixRow("rename to a name of 255 bytes", "make('f', b'x'); rename('f', LONG); read_all(LONG)", is: "b'x'"),
        PosixRow("rename to a name of 256 bytes", "make('f'); rename('f', LONG + 'n')", is: "ENAMETOOLONG"),
        PosixRow(
            "RENAME_NOREPLACE of a name that is free", "make('f', b'x'); noreplace('f', 'g'); (names(), read_all('g'))",
            is: "('g', b'x')"),
        PosixRow(
            "RENAME_NOREPLACE over a file",
            "make('f', b'f'); make('g', b'g'); (errname(noreplace, 'f', 'g'), read_all('f'), read_all('g'))",
            is: "('EEXIST', b'f', b'g')"),
        PosixRow(
            "RENAME_NOREPLACE over an empty directory", "mkdir('d'); mkdir('e'); noreplace('d', 'e')", is: "EEXIST"),
        PosixRow(
            "RENAME_NOREPLACE over a file that is just being made",
            "make('f'); fd = open('g', O_CREAT | O_WRONLY); noreplace('f', 'g')", is: "EEXIST"),
        PosixRow(
            "RENAME_EXCHANGE of two files",
            "make('f', b'f'); make('g', b'g'); exchange('f', 'g'); (read_all('f'), read_all('g'))", is: "(b'g', b'f')"),
        PosixRow(
            "RENAME_EXCHANGE of a file and a directory",
            "make('f', b'f'); mkdir('d'); make('d/x'); exchange('f', 'd'); (read_all('d'), names('f'))",
            is: "(b'f', 'x')"),
        PosixRow(
            "RENAME_EXCHANGE of two directories that hold something",
            "[makedirs(p) for p in ('a/d/1', 'b/e/2')]; exchange('a/d', 'b/e'); (names('a/d'), names('b/e'), stat('b/e/..').st_ino == stat('b').st_ino)",
            is: "('2', '1', True)"),
        PosixRow(
            "RENAME_EXCHANGE moves the times of both parents",
            "[mkdir(p) for p in 'ab']; make('a/f'); make('b/g'); touched(lambda: exchange('a/f', 'b/g'), 'a', 'b', 'a/f')",
            is: "mtime+ctime, mtime+ctime, mtime+ctime"),
        PosixRow("RENAME_EXCHANGE with a name that is not there", "make('f'); exchange('f', 'g')", is: "ENOENT"),
        PosixRow(
            "RENAME_EXCHANGE of a directory with what is in it", "makedirs('d/e'); exchange('d', 'd/e')", is: "EINVAL"),
        PosixRow(
            "RENAME_EXCHANGE of what is in a directory with it", "makedirs('d/e'); exchange('d/e', 'd')", is: "EINVAL"),
        PosixRow(
            "RENAME_NOREPLACE and RENAME_EXCHANGE together", "make('f'); make('g'); exchange('f', 'g', 3)", is: "EINVAL"
        ),
        PosixRow("RENAME_WHITEOUT", "make('f'); exchange('f', 'g', 4)", is: "EINVAL"),
        PosixRow(
            "renames are kept", "make('f', b'f'); makedirs('d/e'); rename('f', 'd/e/g'); rename('d', 'h')",
            afterRemount: "(names(), read_all('h/e/g'))", is: "('h', b'f')"),
    ]

    static let renameByUsers = [
        PosixRow(
            "rename out of a directory that the user may not write",
            "mkdir('d'); make('d/f'); user(lambda: rename('d/f', 'f'))", is: "EACCES"),
        PosixRow(
            "rename into a directory that the user may not write",
            "mkdir('d'); make('f'); user(lambda: rename('f', 'd/f'))", is: "EACCES"),
        PosixRow(
            "rename of another's in a sticky directory",
            "mkdir('d'); chmod('d', 0o1777); make('d/f', mode=0o666); user(lambda: rename('d/f', 'f'))", is: "EPERM"),
        PosixRow(
            "rename over another's in a sticky directory",
            "mkdir('d'); chmod('d', 0o1777); make('d/f'); user(lambda: (make('f'), rename('f', 'd/f')))", is: "EPERM"),
        PosixRow(
            "rename of one's own in a sticky directory",
            "mkdir('d'); chmod('d', 0o1777); user(lambda: (make('d/f'), rename('d/f', 'd/g'))); names('d')", is: "g"),
        PosixRow(
            "RENAME_EXCHANGE with another's in a sticky directory",
            "mkdir('d'); chmod('d', 0o1777); make('d/f'); user(lambda: (make('f'), exchange('f', 'd/f')))", is: "EPERM"),
        PosixRow(
            "another's directory goes to another parent",
            "[mkdir(p) for p in ('d', 'e')]; chmod('e', 0o777); user(lambda: rename('d', 'e/d'))", is: "EACCES"),
    ]
}
