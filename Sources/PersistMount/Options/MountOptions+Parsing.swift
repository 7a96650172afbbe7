internal import Persist

extension MountOptions {
    /// One option, `name` or `name=value`.
    mutating func take(_ option: String) throws(MountFailure) {
        let cut = option.firstIndex(of: "=")
        let name = String(option[..<(cut ?? option.endIndex)])
        let value = cut.map { String(option[option.index(after: $0)...]) }
        if Self.isForOthers(name) { return }
        if let value {
            try take(name, value)
        } else {
            try take(flag: name)
        }
    }

    private mutating func take(flag name: String) throws(MountFailure) {
        switch name {
        case "ro": isReadOnly = true
        case "rw": isReadOnly = false
        case "allow_other": allowOther = true
        case "default_permissions": defaultPermissions = true
        case "nonempty": nonEmpty = true
        case "adopt": adopts = true
        case "suid", "nosuid", "dev", "nodev", "exec", "noexec", "sync", "async", "dirsync", "atime", "noatime":
            kernelOptions.append(name)
        // Of the kernel's; without effect here: reading changes no atime (R4).
        case "relatime", "norelatime", "strictatime", "nostrictatime", "diratime", "nodiratime", "lazytime",
            "nolazytime", "iversion", "noiversion", "silent", "loud", "mand", "nomand":
            break
        case "remount":
            throw MountFailure(
                "-o remount", "is not supported", hint: "Unmount, and mount with the new options.", status: .usage)
        case "uid", "gid", "umask", "fsname", "events", "record_bytes_max", "kv_bytes_max", "blob_bytes_max",
            "line_bytes_max", "xattr_bytes_max", "open_files_max", "unpublished_bytes_max", "reserve_bytes",
            "wal_bytes_max", "busy_milliseconds", "cache_dir", "settle_seconds", "refresh_seconds", "cache_size",
            "free_bytes_min", "conflict_command", "fsync", "dirty_max", "far_wait_seconds":
            throw MountFailure("-o \(name)", "needs a value", hint: "Write -o \(name)=VALUE.", status: .usage)
        default: throw Self.unknown(name)
        }
    }

    private mutating func take(_ name: String, _ value: String) throws(MountFailure) {
        switch name {
        case "uid": uid = try Self.number(name, value, 0...(UInt32.max - 1))
        case "gid": gid = try Self.number(name, value, 0...(UInt32.max - 1))
        case "umask":
            guard let mask = UInt16(value, radix: 8), mask <= 0o777 else {
                throw MountFailure("-o umask=\(value)", "is no octal number up to 777", status: .usage)
            }
            umask = mask
        case "fsname":
            guard !value.isEmpty, !value.utf8.contains(where: { $0 < 32 || $0 == 127 }) else {
                throw MountFailure("-o fsname", "is empty or holds control characters", status: .usage)
            }
            fsname = value
        case "subtype":
            guard value == "persistfs" else { throw Self.unknown("subtype=\(ShownText.line(value))") }
        case "events":
            switch value {
            case "rw": limits.removesEvents = true
            case "append": limits.removesEvents = false
            default:
                throw MountFailure(
                    "-o events=\(ShownText.line(value))", "is neither events=append nor events=rw", status: .usage)
            }
        // Documents, lines and attributes are held whole: past these SQLite holds no value either.
        case "record_bytes_max": limits.recordBytesMax = try Self.bytes(name, value, 1...(512 << 20))
        case "kv_bytes_max": limits.kvBytesMax = try Self.bytes(name, value, 1...(512 << 20))
        case "line_bytes_max": limits.lineBytesMax = try Self.bytes(name, value, 1...(64 << 20))
        case "xattr_bytes_max": limits.attributeBytesMax = try Self.bytes(name, value, 0...(1 << 20))
        case "blob_bytes_max": limits.blobBytesMax = try Self.bytes(name, value, 1...(1 << 46))
        case "unpublished_bytes_max": unpublishedBytesMax = try Self.bytes(name, value, (16 << 20)...(1 << 40))
        case "reserve_bytes": reserveBytes = try Self.bytes(name, value, 0...(1 << 30))
        case "cache_dir":
            guard !value.isEmpty else { throw MountFailure("-o cache_dir", "is empty", status: .usage) }
            cacheDirectory = PathText.absolute(value)
        case "cache_size": cacheBytesMax = try Self.bytes(name, value, (1 << 20)...(1 << 46))
        case "free_bytes_min": freeBytesMin = try Self.bytes(name, value, 0...(1 << 46))
        case "conflict_command":
            guard !value.isEmpty else { throw MountFailure("-o conflict_command", "is empty", status: .usage) }
            do throws(MountFailure) {
                conflictCommand = try StoreReference.command(value, of: "-o conflict_command")
            } catch {
                throw MountFailure(error.what, error.why, hint: error.hint, status: .usage)
            }
        case "settle_seconds": settleMilliseconds = Int64(try Self.number(name, value, 0...86_400)) * 1_000
        case "refresh_seconds": refreshMilliseconds = Int64(try Self.number(name, value, 1...86_400)) * 1_000
        case "fsync":
            switch value {
            case "remote": fsyncReachesFarSide = true
            case "local": fsyncReachesFarSide = false
            default:
                throw MountFailure(
                    "-o fsync=\(ShownText.line(value))", "is neither fsync=local nor fsync=remote", status: .usage)
            }
        case "dirty_max": dirtyBytesMax = try Self.bytes(name, value, (64 << 10)...(1 << 46))
        case "far_wait_seconds":
            farWaitMilliseconds = Int64(try Self.number(name, value, 1...3_600)) * 1_000
        case "wal_bytes_max": walBytesMax = try Self.bytes(name, value, (1 << 20)...(1 << 30))
        case "open_files_max": openFilesMax = Int(try Self.number(name, value, 16...10_000_000))
        case "busy_milliseconds":
            limits.busyMilliseconds = Int(try Self.number(name, value, 1...600_000))
            setsBusyMilliseconds = true
        default: throw Self.unknown(name)
        }
    }

    /// What mount(8), fstab, systemd and autofs write for themselves.
    private static func isForOthers(_ name: String) -> Bool {
        switch name {
        case "defaults", "auto", "noauto", "user", "nouser", "users", "owner", "group", "nofail", "_netdev", "comment",
            "_rnetdev", "helper", "loop", "uhelper":
            true
        default: name.hasPrefix("x-") || name.hasPrefix("X-")
        }
    }

    private static func unknown(_ name: String) -> MountFailure {
        MountFailure(
            "-o \(ShownText.line(name))", "no such mount option", hint: "persistfs mount --help lists them.",
            status: .usage)
    }

    private static func number(
        _ name: String, _ value: String, _ range: ClosedRange<UInt32>
    ) throws(MountFailure) -> UInt32 {
        guard let number = UInt32(value), range.contains(number) else {
            throw MountFailure(
                "-o \(name)=\(ShownText.line(value))", "is no number from \(range.lowerBound) to \(range.upperBound)",
                status: .usage)
        }
        return number
    }

    private static func bytes(
        _ name: String, _ value: String, _ range: ClosedRange<UInt64>
    ) throws(MountFailure) -> UInt64 {
        guard let bytes = ByteCount.parse(value), range.contains(bytes) else {
            throw MountFailure(
                "-o \(name)=\(ShownText.line(value))",
                "is no size from \(ByteCount.text(range.lowerBound)) to \(ByteCount.text(range.upperBound))",
                hint: "Write bytes, or K, M, G or T behind the number: \(name)=16M.", status: .usage)
        }
        return bytes
    }
}
