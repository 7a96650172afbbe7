internal import Glibc
internal import Persist
internal import PersistFUSE
internal import SQLiteStore
internal import WriteBackCache

/// Makes the text of `.persist/status.json`, anew for each open.
final class StatusReport: Sendable {
    private let opened: OpenedStore
    private var store: SQLiteStore { opened.store }
    private let mount: Mount
    private let point: MountPoint
    private let log: MountLog
    private let since = TimeText.now()

    init(opened: OpenedStore, mount: Mount, point: MountPoint, log: MountLog) {
        self.opened = opened
        self.mount = mount
        self.point = point
        self.log = log
    }

    var controls: [FileName: @Sendable () -> [UInt8]] {
        var found: [FileName: @Sendable () -> [UInt8]] = ["status.json": { [self] in status().json }]
        if let cache = opened.cache {
            found["metrics"] = { [self] in Metrics.text(status().far) }
            found["sync"] = {
                do throws(StoreError) { return Array("\(try cache.hurry())\n".utf8) } catch { return [] }
            }
        }
        return found
    }

    /// What cannot be found out is said in the notes: the report itself never fails.
    func status() -> MountStatus {
        var notes: [String] = []
        func asked<T>(_ question: () throws(StoreError) -> T, else fallback: T) -> T {
            do throws(StoreError) {
                return try question()
            } catch {
                notes.append("not everything could be found out: \(error)")
                return fallback
            }
        }
        var (movedTo, rescue): (String?, String?)
        switch store.displacement {
        case .moved(let path)?: movedTo = ShownText.line(path)
        case .gone(let path)?: rescue = ShownText.line(path)
        case nil: break
        }
        let statistics = asked(
            { () throws(StoreError) in try store.statistics(countsNodes: true) },
            else: StoreStatistics(bytesUsed: 0, bytesFree: 0, nodes: 0))
        let mounts = asked({ () throws(StoreError) in try store.mounts() }, else: [])
        let rejected = asked({ () throws(StoreError) in try store.keptVersions(.rejected) }, else: [])
        let conflicts = asked({ () throws(StoreError) in try store.keptVersions(.conflicts) }, else: [])
        let far = far(&notes)
        return MountStatus(
            version: Version.text, pid: getpid(), mountPoint: ShownText.line(point.path), since: since,
            isReadOnly: mount.options.isReadOnly || store.isReadOnly, log: log.path.map(ShownText.line) ?? "stderr",
            store: MountStatus.Store(
                adapter: mount.adapterName, path: ShownText.line(shownPath),
                id: store.identifier, bytesUsed: statistics.bytesUsed, bytesFree: statistics.bytesFree,
                files: statistics.nodes ?? 0,
                mounts: mounts.map { presence in
                    MountStatus.Presence(
                        pid: presence.pid, host: presence.host, since: TimeText.text(presence.started),
                        isThisMount: presence.isSelf)
                }, movedTo: movedTo, rescue: rescue),
            far: far,
            can: can, cannot: cannot, bounds: bounds, rejected: rejected.map(Self.kept),
            conflicts: conflicts.map(Self.kept), lastErrors: log.lastErrors, notes: statistics.notes + notes)
    }

    private var shownPath: String {
        mount.reference.hasFarSide ? mount.reference.shown : PathText.resolved(mount.reference.path)
    }

    /// nil: there is no far side.
    private func far(_ notes: inout [String]) -> MountStatus.Far? {
        guard let cache = opened.cache else { return nil }
        do throws(StoreError) {
            let status = try cache.status()
            if let ignored = status.ignored { notes.append(ShownText.line(ignored)) }
            return MountStatus.Far(status, cache: store.path, trouble: opened.trouble)
        } catch {
            notes.append("what is still to be sent could not be found out: \(error)")
            return nil
        }
    }

    /// DESIGN section 6: what the adapter in use can.
    private var can: [String] {
        guard opened.cache != nil else {
            return [
                "changes by other processes on the same file are seen within 50 ms",
                "fsync survives loss of power",
                "blobs are read and written in parts",
            ]
        }
        return [
            "what is on this machine is read and written while the far side is down too",
            "what was closed survives kill -9, what was synced loss of power, here; it is sent until the far side has it",
            "a plain program on the same far side finds plain values",
        ]
    }

    private var cannot: [String] {
        let always = [
            "hard links; syncfs, O_TMPFILE and birth times (libfuse 3.14)",
            "locks (flock, fcntl) between two mounts",
        ]
        guard opened.cache != nil else { return always }
        let options = mount.cacheOptions(log: { _ in })
        return [
            "values over \(ByteCount.text(options.valueBytesMax)): EFBIG",
            "compare and set: conflicts are found by looking before a put, up to "
                + "\(ByteCount.text(UInt64(options.compareBytesMax))) (best effort)",
            "rename at once: the new name is put, then the old one deleted; others may see both, never none",
            "tell of changes by others: all is listed every \(options.refreshMilliseconds / 1_000) s",
            "order the events of several machines: a log has them as they arrive here",
        ] + always
    }

    private static func kept(_ version: KeptVersion) -> MountStatus.Kept {
        MountStatus.Kept(
            path: ShownText.line(version.path), bytes: version.size, since: TimeText.text(version.time),
            words: ShownText.line(version.error))
    }

    private var bounds: [MountStatus.Bound] {
        let limits = store.limits
        return [
            MountStatus.Bound(name: "record_bytes_max", value: limits.recordBytesMax, error: "EFBIG"),
            MountStatus.Bound(name: "kv_bytes_max", value: limits.kvBytesMax, error: "EFBIG"),
            MountStatus.Bound(name: "blob_bytes_max", value: limits.blobBytesMax, error: "EFBIG"),
            MountStatus.Bound(name: "line_bytes_max", value: limits.lineBytesMax, error: "EFBIG"),
            MountStatus.Bound(name: "xattr_bytes_max", value: limits.attributeBytesMax, error: "ENOSPC"),
            MountStatus.Bound(name: "open_files_max", value: UInt64(mount.options.openFilesMax), error: "EMFILE"),
            MountStatus.Bound(
                name: "unpublished_bytes_max", value: mount.options.unpublishedBytesMax, error: "ENOMEM"),
            MountStatus.Bound(name: "reserve_bytes", value: mount.options.reserveBytes, error: "ENOSPC"),
            MountStatus.Bound(name: "wal_bytes_max", value: mount.options.walBytesMax, error: "none: a checkpoint"),
            MountStatus.Bound(
                name: "busy_milliseconds", value: UInt64(limits.busyMilliseconds), error: "ETIMEDOUT"),
        ]
    }
}
