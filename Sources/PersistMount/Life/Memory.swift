internal import CLinux

/// How the C library keeps memory that a mount has used and given back (mallopt(3)).
enum Memory {
    /// What was used for a moment goes back to the system: a mount that was busy once stays as small as it was before.
    ///
    /// By itself the library gives threads heaps of their own, where what one thread has freed is of no use to the
    /// next, and after the first large block takes the next ones from there too, where a small one behind them keeps
    /// them for good (R14). With one heap random writes to a file take 26 MiB instead of 40 to 75, and no more time.
    static func givesBack() {
        mallopt(M_ARENA_MAX, 1)
        // Buffers of threads and large pieces of files: each is a mapping of its own, gone when it is freed.
        mallopt(M_MMAP_THRESHOLD, 512 << 10)
        mallopt(M_TRIM_THRESHOLD, 2 << 20)
    }
}
