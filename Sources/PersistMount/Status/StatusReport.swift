internal import Glibc
internal import Persist
internal import PersistFUSE
internal import SQLiteStore
internal import Synchronization
internal import WriteBackCache

/// Makes the text of `.persist/status.json`, anew for each open.
final class StatusReport: Sendable {
    private let opened: OpenedStore
    private var store: SQLiteStore { opened.store }
    private let mount: Mount
    private let point: MountPoint
    private let log: MountLog
    private let since = TimeText.now()
    private let endNote = DrainNote()
    private let notifier: Notifier
    /// The last look of whose changes the kernel knows.
    private let shownLook = Atomic<Int64>(0)

    init(opened: OpenedStore, mount: Mount, point: MountPoint, log: MountLog, notifier: Notifier) {
        self.opened = opened
        self.mount = mount
        self.point = point
        self.log = log
        self.notifier = notifier
    }

    var controls: [FileName: @Sendable () -> [UInt8]] {
        var found: [FileName: @Sendable () -> [UInt8]] = ["status.json": { [self] in status().json }]
        if let cache = opened.cache {
            found["metrics"] = { [self] in Metrics.text(status().far) }
            found["sync"] = {
                do throws(StoreError) { return Array("\(try cache.hurry())\n".utf8) } catch { return [] }
            }
            found["refresh"] = { Array("\(cache.lookAnew())\n".utf8) }
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
        let cache = cacheStatus(&notes)
        let promises = Promises(hasFarSide: opened.cache != nil, cache)
        return MountStatus(
            version: Version.text, pid: getpid(), mountPoint: ShownText.line(point.path), since: since,
            isReadOnly: mount.options.isReadOnly || store.isReadOnly, log: log.path.map(ShownText.line) ?? "stderr",
            endNote: endNote.map { ShownText.line($0.path) },
            store: MountStatus.Store(
                adapter: mount.adapterName, path: ShownText.line(shownPath),
                id: store.identifier, bytesUsed: statistics.bytesUsed, bytesFree: statistics.bytesFree,
                files: statistics.nodes ?? 0,
                mounts: mounts.map { presence in
                    MountStatus.Presence(
                        pid: presence.pid, host: presence.host, since: TimeText.text(presence.started),
                        isThisMount: presence.isSelf)
                }, movedTo: movedTo, rescue: rescue),
            far: cache.map {
                MountStatus.Far($0, cache: store.path, trouble: opened.trouble, s3: opened.bucket)
            },
            can: promises.can, cannot: promises.cannot(mount.cacheOptions(log: { _ in })),
            bounds: promises.bounds(store.limits, mount.options), rejected: rejected.map(Self.kept),
            conflicts: conflicts.map(Self.kept), lastErrors: log.lastErrors, notes: statistics.notes + notes)
    }

    private var shownPath: String {
        mount.reference.hasFarSide ? mount.reference.shown : PathText.resolved(mount.reference.path)
    }

    /// nil: there is no far side.
    private func cacheStatus(_ notes: inout [String]) -> CacheStatus? {
        guard let cache = opened.cache else { return nil }
        do throws(StoreError) {
            let status = try cache.status()
            // Whoever waited for this look sees what it has changed.
            if shownLook.load(ordering: .acquiring) != status.looks.ended {
                try store.refresh()
                notifier.finishInvalidating()
                shownLook.store(status.looks.ended, ordering: .releasing)
            }
            if let ignored = status.ignored { notes.append(ShownText.line(ignored)) }
            return status
        } catch {
            notes.append("what is still to be sent could not be found out: \(error)")
            return nil
        }
    }

    private static func kept(_ version: KeptVersion) -> MountStatus.Kept {
        MountStatus.Kept(
            path: ShownText.line(version.path), bytes: version.size, since: TimeText.text(version.time),
            words: ShownText.line(version.error))
    }
}
