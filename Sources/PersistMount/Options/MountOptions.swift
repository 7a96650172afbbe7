public import Persist
internal import Glibc

/// What `-o` says of a mount, as mount(8) and fstab pass it.
public struct MountOptions: Sendable, Equatable {
    public var isReadOnly = false
    public var allowOther = false
    /// The kernel checks owner and mode, instead of the filesystem.
    public var defaultPermissions = false
    /// Shown where the store has none (R4). nil: of the process that mounts.
    public var uid: UInt32?
    public var gid: UInt32?
    public var umask: UInt16?
    /// What mountinfo and df call it. nil: the configuration's name, else the path of the store.
    public var fsname: String?
    /// Mount over a directory that has entries: they are hidden until unmounted.
    public var nonEmpty = false
    /// Make a store within a SQLite database that belongs to something else.
    public var adopts = false
    public var limits = StoreLimits()
    public var openFilesMax = 65_536
    public var unpublishedBytesMax: UInt64 = 256 << 20
    public var reserveBytes: UInt64 = 16 << 20
    /// Where the WAL is brought into the store's file. No more than the reserve, or a full disk is harder to empty.
    public var walBytesMax: UInt64 = 16 << 20
    /// Where the local copies of far sides lie; nil: `$XDG_CACHE_HOME/persistfs`.
    public var cacheDirectory: String?
    /// `cache_size`: what a local copy of a far side may take, as far as the far side has it too. Bytes.
    public var cacheBytesMax: UInt64 = 10 << 30
    /// `free_bytes_min`: what a local copy leaves free of its disk, as far as that goes. Bytes.
    public var freeBytesMin: UInt64 = 1 << 30
    /// A file that stays open is sent so long after its last change. nil: 10 s.
    public var settleMilliseconds: Int64?
    /// Between two looks at what a far side has. nil: 5 minutes.
    public var refreshMilliseconds: Int64?
    /// Run for each new conflict copy, with the file and the copy as its last arguments (R10).
    public var conflictCommand: [String]?
    /// `fsync=remote`: fsync(2) returns when the far side has the file.
    public var fsyncReachesFarSide = false
    /// Content that waits for the far side, of all files: who writes more waits, then gets ENOSPC.
    public var dirtyBytesMax: UInt64 = 10 << 30
    /// How long programs wait for the far side: for room, and with `fsync=remote` for what they have written.
    public var farWaitMilliseconds: Int64 = 60_000
    /// `busy_milliseconds` was given: it goes before the configuration's.
    public var setsBusyMilliseconds = false
    /// Generic options that the kernel knows (`nosuid`, `noatime`, ...), in the order given.
    public var kernelOptions: [String] = []

    public init() {}

    /// - Throws: `.usage`, naming the option.
    public init(parsing lists: [String]) throws(MountFailure) {
        for list in lists {
            for option in Self.split(list) where !option.isEmpty { try take(option) }
        }
    }

    /// Where these say nothing the configuration counts.
    func completed(by reference: StoreReference) -> MountOptions {
        var options = self
        options.cacheDirectory = cacheDirectory ?? reference.cacheDirectory
        options.settleMilliseconds = settleMilliseconds ?? reference.settleMilliseconds
        options.refreshMilliseconds = refreshMilliseconds ?? reference.refreshMilliseconds
        return options
    }

    /// At commas that have no backslash before them.
    static func split(_ list: String) -> [String] {
        var options = [""]
        var isEscaped = false
        for character in list {
            if isEscaped {
                if character != "," && character != "\\" { options[options.count - 1].append("\\") }
                options[options.count - 1].append(character)
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else if character == "," {
                options.append("")
            } else {
                options[options.count - 1].append(character)
            }
        }
        if isEscaped { options[options.count - 1].append("\\") }
        return options
    }

    /// With other users on the mount the kernel has to check; for one user alone the filesystem is faster.
    public var kernelChecksPermissions: Bool { allowOther || defaultPermissions }

    /// What of a mount does not reach the store: the owner shown, the process's own where nothing is said.
    public var shownOwner: (uid: UInt32, gid: UInt32, umask: UInt16) {
        (uid ?? geteuid(), gid ?? getegid(), umask ?? Self.processUmask())
    }

    /// umask(2) can only be read by setting it: asked once, before other threads make files.
    private static func processUmask() -> UInt16 {
        let mask = Glibc.umask(0o022)
        _ = Glibc.umask(mask)
        return UInt16(truncatingIfNeeded: mask & 0o777)
    }
}
