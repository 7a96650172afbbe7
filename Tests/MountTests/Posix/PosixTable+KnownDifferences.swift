extension PosixTable {
    /// Where persistfs answers otherwise than a disk, and why; the README's limits name them.
    static let knownDifferences = [
        // opendir is answered with ENOSYS, and no inode table is kept: what the kernel holds without an OPEN is not known here.
        PosixRow(
            "an open directory with no name has no attributes any more: ESTALE",
            "mkdir('d'); fd = open('d', O_RDONLY); rmdir('d'); fstat(fd)", is: "ESTALE"),
        PosixRow(
            "an open FIFO with no name has no attributes any more: ESTALE",
            "mkfifo('f'); fd = open('f', O_RDWR); unlink('f'); fstat(fd)", is: "ESTALE"),
        PosixRow(
            "what is open with O_PATH alone has none once it is removed: ESTALE",
            "make('f'); fd = open('f', O_PATH); unlink('f'); fstat(fd)", is: "ESTALE"),
        // Hard links are refused everywhere; so a directory's count does not tell of its directories either.
        PosixRow("a directory has one link, whatever it holds", "makedirs('d/e'); stat('d').st_nlink", is: "1"),
        // libfuse 3.14 has no such request.
        PosixRow("O_TMPFILE", "open('.', O_TMPFILE | O_RDWR)", is: "EOPNOTSUPP"),
        // atime is what utimensat set, else mtime (R4).
        PosixRow(
            "read leaves atime, even where it is older than mtime",
            "make('f', b'x'); utime('f', ns=(5, 7)); read_all('f'); stat('f').st_atime_ns", is: "5"),
    ]
}
