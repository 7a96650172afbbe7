internal import Persist
internal import WriteBackCache

/// What a mount says of itself in `status`: what it can, what it cannot, and where its bounds are (DESIGN section 6).
///
/// Of a far side by what its adapter can do now, which may be less than it says: one that refuses a condition once is
/// asked without.
struct Promises {
    var hasFarSide: Bool
    var putsConditionally = false
    var listsKeys = false
    var readsRanges = false
    /// From this size on values go in parts; nil: none do.
    var partedBytesMin: UInt64?
    /// The longest value that the far side takes.
    var valueBytesMax: UInt64 = 64 << 20

    var can: [String] {
        guard hasFarSide else {
            return [
                "changes by other processes on the same file are seen within 50 ms",
                "fsync survives loss of power",
                "blobs are read and written in parts",
            ]
        }
        var found = [
            "what is on this machine is read and written while the far side is down too",
            "what was closed survives kill -9, what was synced loss of power, here; it is sent until the far side has it",
            "a plain program on the same far side finds plain values",
        ]
        if putsConditionally {
            found.append("compare and set: an edit of others is never overwritten unseen, whatever its size")
        }
        if listsKeys { found.append("changes by others are looked for by names and revisions alone, without values") }
        if readsRanges { found.append("of a large value that part is brought which is read") }
        if let partedBytesMin {
            found.append(
                "files from \(ByteCount.text(partedBytesMin)) on are sent in parts, "
                    + "and go on where they were after a crash")
        }
        return found
    }

    func cannot(_ options: WriteBackCacheOptions) -> [String] {
        let always = [
            "hard links; syncfs, O_TMPFILE and birth times (libfuse 3.14)",
            "locks (flock, fcntl) between two mounts",
        ]
        guard hasFarSide else { return always }
        var found = ["values over \(ByteCount.text(valueBytesMax)): EFBIG"]
        if !putsConditionally {
            found.append(
                "compare and set: conflicts are found by looking before a put, up to "
                    + "\(ByteCount.text(UInt64(options.compareBytesMax))) (best effort)")
        }
        let seconds = options.refreshMilliseconds / 1_000
        found += [
            "rename at once: the new name is put, then the old one deleted; others may see both, never none",
            "tell of changes by others: \(listsKeys ? "names are" : "all is") listed every \(seconds) s",
            "order the events of several machines: a log has them as they arrive here",
        ]
        return found + always
    }

    func bounds(_ limits: StoreLimits, _ options: MountOptions) -> [MountStatus.Bound] {
        var found: [MountStatus.Bound] = []
        func add(_ name: String, _ value: UInt64, _ error: String) {
            found.append(MountStatus.Bound(name: name, value: value, error: error))
        }
        add("record_bytes_max", limits.recordBytesMax, "EFBIG")
        add("kv_bytes_max", limits.kvBytesMax, "EFBIG")
        add("blob_bytes_max", limits.blobBytesMax, "EFBIG")
        add("line_bytes_max", limits.lineBytesMax, "EFBIG")
        add("xattr_bytes_max", limits.attributeBytesMax, "ENOSPC")
        add("open_files_max", UInt64(options.openFilesMax), "EMFILE")
        add("unpublished_bytes_max", options.unpublishedBytesMax, "ENOMEM")
        add("reserve_bytes", options.reserveBytes, "ENOSPC")
        add("wal_bytes_max", options.walBytesMax, "none: a checkpoint")
        add("busy_milliseconds", UInt64(limits.busyMilliseconds), "ETIMEDOUT")
        guard hasFarSide else { return found }
        add("cache_size", options.cacheBytesMax, "none: clean content goes")
        add("free_bytes_min", options.freeBytesMin, "none: clean content goes")
        add("dirty_max", options.dirtyBytesMax, "ENOSPC")
        add("far_wait_seconds", UInt64(options.farWaitMilliseconds / 1_000), "ETIMEDOUT, ENOSPC")
        return found
    }
}

extension Promises {
    /// - Parameter far: nil: what the far side can could not be found out; then nothing is promised of it.
    init(hasFarSide: Bool, _ far: CacheStatus?) {
        self.hasFarSide = hasFarSide
        putsConditionally = far?.putsConditionally ?? false
        listsKeys = far?.listsKeys ?? false
        readsRanges = far?.readsRanges ?? false
        partedBytesMin = far?.partedBytesMin
        if let far { valueBytesMax = far.valueBytesMax }
    }
}
