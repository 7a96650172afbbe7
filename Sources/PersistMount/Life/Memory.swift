internal import CLinux

/// How the C library keeps memory that a mount has used and given back (mallopt(3)).
enum Memory {
    /// What was used for a moment goes back to the system: a mount that was busy once stays as small as it was before.
    ///
    /// By itself the library makes each thread that comes and goes a heap of its own, and after the first large block
    /// takes the next ones from there too, where a small one behind them keeps them for good (R14).
    static func givesBack() {
        mallopt(M_ARENA_MAX, 4)
        // Buffers of threads and large pieces of files: each is a mapping of its own, gone when it is freed.
        mallopt(M_MMAP_THRESHOLD, 512 << 10)
        mallopt(M_TRIM_THRESHOLD, 2 << 20)
    }
}
