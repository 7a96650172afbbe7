/// Parts of files. FALLOC_FL_KEEP_SIZE is 1, PUNCH_HOLE 2, ZERO_RANGE 16; a chunk is 64 KiB.
extension PosixTable {
    static let fallocate = [
        PosixRow(
            "a file becomes longer, by zeros", "fd = made('f', b'abc'); fallocate(fd, 0, 2, 3); read_all('f')",
            is: "b'abc\\x00\\x00'"),
        PosixRow("what is there stays", "fd = made('f', b'abc'); fallocate(fd, 0, 0, 2); read_all('f')", is: "b'abc'"),
        PosixRow(
            "with KEEP_SIZE nothing becomes longer",
            "fd = made('f', b'abc'); fallocate(fd, 1, 0, 1 << 20); read_all('f')", is: "b'abc'"),
        PosixRow(
            "a new file, in memory only, becomes longer", "fd = new('f'); fallocate(fd, 0, 0, 3); read_all('f')",
            is: "b'\\x00\\x00\\x00'"),
        PosixRow(
            "posix_fallocate", "fd = made('f', b'abc'); posix_fallocate(fd, 100, 400); stat('f').st_size", is: "500"),
        PosixRow(
            "a hole of a few bytes is zeros", "fd = made('f', b'abcdef'); fallocate(fd, 3, 1, 3); read_all('f')",
            is: "b'a\\x00\\x00\\x00ef'"),
        PosixRow(
            "a hole past the end is nothing", "fd = made('f', b'abc'); fallocate(fd, 3, 2, 1 << 40); read_all('f')",
            is: "b'ab\\x00'"),
        PosixRow(
            "a hole takes no room",
            "fd = made('f', b'x' * 262144); fallocate(fd, 3, 65536, 131072); close(fd); stat('f').st_blocks",
            is: "256"),
        PosixRow(
            "a hole is there after a remount, and takes no room",
            "fd = made('f', b'x' * 262144); fallocate(fd, 3, 65536, 131073); close(fd)",
            afterRemount:
                "(stat('f').st_blocks, [(b[0], len(b)) for b in (read_all('f')[:65536], read_all('f')[65536:196609], read_all('f')[196609:])])",
            is: "(256, [(120, 65536), (0, 131073), (120, 65535)])"),
        PosixRow(
            "zeros grow a file", "fd = made('f', b'abc'); fallocate(fd, 16, 1, 4); read_all('f')",
            is: "b'a\\x00\\x00\\x00\\x00'"),
        PosixRow(
            "zeros with KEEP_SIZE do not", "fd = made('f', b'abc'); fallocate(fd, 17, 1, 4); read_all('f')",
            is: "b'a\\x00\\x00'"),
        PosixRow(
            "what is open sees a hole at once, and what is written into it",
            "fd = made('f', b'abcdef'); r = open('f', O_RDONLY); read(r, 9); fallocate(fd, 3, 0, 6); pwrite(fd, b'x', 2); pread(r, 9, 0)",
            is: "b'\\x00\\x00x\\x00\\x00\\x00'"),
        PosixRow(
            "of a file without a name", "fd = made('f', b'abc'); unlink('f'); fallocate(fd, 16, 0, 5); pread(fd, 9, 0)",
            is: "b'\\x00\\x00\\x00\\x00\\x00'"),
        PosixRow(
            "times move", "fd = made('f', b'abc'); touched(lambda: fallocate(fd, 3, 0, 1), 'f')", is: "mtime+ctime"),
        PosixRow("a hole without KEEP_SIZE", "fd = made('f', b'abc'); fallocate(fd, 2, 0, 1)", is: "EOPNOTSUPP"),
        PosixRow("COLLAPSE_RANGE", "fd = made('f', b'x' * 8192); fallocate(fd, 8, 0, 4096)", is: "EOPNOTSUPP"),
        PosixRow("INSERT_RANGE", "fd = made('f', b'x' * 8192); fallocate(fd, 32, 0, 4096)", is: "EOPNOTSUPP"),
        PosixRow("of no length", "fd = made('f'); fallocate(fd, 0, 0, 0)", is: "EINVAL"),
        PosixRow("before the beginning", "fd = made('f'); fallocate(fd, 0, -1, 5)", is: "EINVAL"),
        PosixRow("past the largest file", "fd = made('f'); fallocate(fd, 0, 1 << 50, 5)", is: "EFBIG"),
        PosixRow("past all files", "fd = made('f'); fallocate(fd, 0, (1 << 63) - 2, 5)", is: "EFBIG"),
        PosixRow(
            "of a file that was opened for reading", "make('f'); fallocate(open('f', O_RDONLY), 0, 0, 5)", is: "EBADF"),
        PosixRow("of a FIFO", "mkfifo('f'); fallocate(open('f', O_RDWR), 0, 0, 5)", is: "ESPIPE"),
    ]

    static let fallocateByUsers = [
        PosixRow(
            "suid goes with the bytes",
            "make('f', b'abc', 0o4777); user(lambda: fallocate(open('f', O_RDWR), 3, 0, 1)); mode('f')", is: "777"),
        PosixRow(
            "suid goes with bytes that are copied",
            "make('g', b'abc'); make('f', b'', 0o4777); user(lambda: copy_file_range(open('g', O_RDONLY), open('f', O_RDWR), 3)); mode('f')",
            is: "777"),
    ]

    static let seeking = [
        PosixRow(
            "data and holes by chunks",
            "fd = made('f'); pwrite(fd, b'x', 200000); ftruncate(fd, 400000); (lseek(fd, 0, SEEK_DATA), lseek(fd, 200001, SEEK_DATA), lseek(fd, 196608, SEEK_HOLE), lseek(fd, 5, SEEK_HOLE))",
            is: "(196608, 200001, 262144, 5)"),
        PosixRow(
            "the same once it is closed",
            "fd = made('f'); pwrite(fd, b'x', 200000); ftruncate(fd, 400000); close(fd); fd = open('f', O_RDONLY); (lseek(fd, 0, SEEK_DATA), lseek(fd, 200001, SEEK_DATA), lseek(fd, 196608, SEEK_HOLE), lseek(fd, 5, SEEK_HOLE))",
            is: "(196608, 200001, 262144, 5)"),
        PosixRow(
            "a file without holes ends with one",
            "fd = made('f', b'x' * 200000); (lseek(fd, 7, SEEK_DATA), lseek(fd, 7, SEEK_HOLE))", is: "(7, 200000)"),
        PosixRow(
            "what a file lost and grew by again is a hole",
            "fd = made('f', b'x' * 200000); ftruncate(fd, 65536); ftruncate(fd, 200000); (lseek(fd, 0, SEEK_HOLE), errname(lseek, fd, 65536, SEEK_DATA))",
            is: "(65536, 'ENXIO')"),
        PosixRow(
            "no data after the last", "fd = made('f'); ftruncate(fd, 1 << 20); lseek(fd, 0, SEEK_DATA)", is: "ENXIO"),
        PosixRow("at the end", "fd = made('f', b'abc'); lseek(fd, 3, SEEK_HOLE)", is: "ENXIO"),
        PosixRow("past the end", "fd = made('f', b'abc'); lseek(fd, 4, SEEK_DATA)", is: "ENXIO"),
        PosixRow("in an empty file", "fd = made('f'); lseek(fd, 0, SEEK_DATA)", is: "ENXIO"),
        PosixRow("before the beginning", "fd = made('f', b'abc'); lseek(fd, -1, SEEK_DATA)", is: "ENXIO"),
        PosixRow(
            "reading goes on there",
            "fd = made('f'); pwrite(fd, b'abc', 65536); lseek(fd, 0, SEEK_DATA); read(fd, 9)", is: "b'abc'"),
        PosixRow(
            "an error leaves the place",
            "fd = made('f', b'abc'); lseek(fd, 1, SEEK_SET); errname(lseek, fd, 9, SEEK_DATA); read(fd, 9)",
            is: "b'bc'"),
        PosixRow(
            "bytes in a map are no hole, before they are written back",
            "fd = made('f'); ftruncate(fd, 1 << 20); m = mmap.mmap(fd, 1 << 20); m[200000:200003] = b'abc'; r = open('f', O_RDONLY); (lseek(r, 0, SEEK_DATA), lseek(r, 196608, SEEK_HOLE))",
            is: "(196608, 262144)"),
    ]

    static let copying = [
        PosixRow(
            "bytes are copied, and both places move on",
            "a = made('f', b'abcdef'); b = made('g', b'123456789'); lseek(a, 1, SEEK_SET); lseek(b, 2, SEEK_SET); n = copy_file_range(a, b, 3); (n, read(a, 9), read(b, 9), read_all('g'))",
            is: "(3, b'ef', b'6789', b'12bcd6789')"),
        PosixRow(
            "with offsets both places stay",
            "a = made('f', b'abcdef'); b = made('g'); n = copy_file_range(a, b, 3, 1, 2); (n, read(a, 2), read(b, 9))",
            is: "(3, b'ab', b'\\x00\\x00bcd')"),
        PosixRow(
            "it ends with the source",
            "a = made('f', b'abc'); b = made('g'); (copy_file_range(a, b, 100), copy_file_range(a, b, 100))",
            is: "(3, 0)"),
        PosixRow(
            "past the end of the source there is nothing",
            "a = made('f', b'abc'); b = made('g', b'x'); (copy_file_range(a, b, 9, 5, 0), read_all('g'))",
            is: "(0, b'x')"),
        PosixRow(
            "of a new file, in memory only, into another",
            "a = new('f', b'abc'); b = new('g'); copy_file_range(a, b, 9, 0, 0); read_all('g')", is: "b'abc'"),
        PosixRow(
            "of a file without a name into another",
            "a = made('f', b'abc' * 50000); b = made('g'); unlink('f'); unlink('g'); (copy_file_range(a, b, 1 << 20, 0, 0), pread(b, 1 << 20, 0) == b'abc' * 50000)",
            is: "(150000, True)"),
        PosixRow(
            "a copy is its own",
            "a = made('f', b'a' * 200000); b = made('g'); copy_file_range(a, b, 200000, 0, 0); pwrite(b, b'b', 70000); pwrite(a, b'c', 0); (read_all('f').count(b'b'), read_all('g').count(b'c'), read_all('g').count(b'a'))",
            is: "(0, 0, 199999)"),
        PosixRow(
            "a copy is its own after a remount, when the other is gone",
            "a = made('f', b'a' * 200000); b = made('g'); copy_file_range(a, b, 200000, 0, 0); close(b); unlink('f')",
            afterRemount: "(names(), read_all('g') == b'a' * 200000)", is: "('g', True)"),
        PosixRow(
            "holes are copied as holes",
            "a = made('f'); pwrite(a, b'x', 200000); b = made('g', b'y' * 300000); copy_file_range(a, b, 200001, 0, 0); close(b); (lseek(open('g', O_RDONLY), 0, SEEK_DATA), read_all('g')[200000:200002])",
            is: "(196608, b'xy')"),
        PosixRow(
            "within one file", "a = made('f', b'abcdef'); copy_file_range(a, a, 3, 0, 3); read_all('f')",
            is: "b'abcabc'"),
        PosixRow(
            "within one file, overlapping", "a = made('f', b'abcdef'); copy_file_range(a, a, 3, 0, 2)", is: "EINVAL"),
        PosixRow(
            "times of the target move, those of the source do not",
            "a = made('f', b'abc'); b = made('g'); touched(lambda: copy_file_range(a, b, 3), 'f', 'g')",
            is: "none, mtime+ctime"),
        PosixRow(
            "into what was opened for appending",
            "a = made('f', b'abc'); make('g'); copy_file_range(a, open('g', O_WRONLY | O_APPEND), 3)", is: "EBADF"),
        PosixRow(
            "into what was opened for reading",
            "a = made('f', b'abc'); make('g'); copy_file_range(a, open('g', O_RDONLY), 3)",
            is: "EBADF"),
        PosixRow(
            "of what was opened for writing",
            "make('f', b'abc'); b = made('g'); copy_file_range(open('f', O_WRONLY), b, 3)",
            is: "EBADF"),
        PosixRow(
            "of a directory", "mkdir('d'); b = made('g'); copy_file_range(open('d', O_RDONLY), b, 3)", is: "EISDIR"),
        PosixRow(
            "past the largest file", "a = made('f', b'abc'); b = made('g'); copy_file_range(a, b, 3, 0, 1 << 50)",
            is: "EFBIG"),
        PosixRow(
            "from another filesystem", "b = made('g'); copy_file_range(open('/etc/passwd', O_RDONLY), b, 3)",
            is: "EXDEV"),
    ]
}
