internal import Glibc
internal import Linux
internal import PersistVFS
internal import SQLiteStore

/// `persistfs umount`: takes a mount away and waits until its store is one file again.
public struct Unmount: Sendable {
    /// What was unmounted, for the user.
    public var mountPoint: String
    public var source: String
    /// What the user should know of the end.
    public var note: String?

    /// - Parameters:
    ///   - seconds: how long to wait for the daemon to finish.
    /// - Throws: `.notFound` where no persistfs is mounted there; `.busy` where programs are in it, whom it names, or
    ///   where the daemon did not finish in time.
    ///   - report: told how far a far side is from having everything.
    public static func run(
        _ text: String, seconds: Int, report: (Synchronizing.State) -> Void = { _ in }
    ) throws(MountFailure) -> Unmount {
        let path = PathText.resolved(text)
        guard let entry = try MountTable.current().top(at: path), entry.isPersistfs else {
            throw MountFailure(
                ShownText.line(text), "no persistfs is mounted here", hint: "persistfs status lists the mounts.",
                status: .notFound)
        }
        // What the mount itself is asked has its share of the time, and no more.
        let deadline = ContinuousClock.now + .seconds(seconds)
        // A machine that is busy takes its time, and without an answer little can be said of the end.
        let share = max(1, seconds / 2)
        let server = DaemonSearch.find(at: path)
        // One that is stopped is not asked: a question without an answer would itself keep the mount busy.
        let isStopped = server.map(DaemonSearch.isStopped) ?? false
        if !isStopped, try MountPoint.isDead(path, seconds: share) {
            if let failure = Unmounting.detach(path) {
                throw MountFailure(ShownText.line(text), failure, status: .failed)
            }
            return Unmount(mountPoint: path, source: entry.source)
        }
        let status = isStopped ? nil : try? MountStatus.read(at: path, seconds: share)
        let daemon = (status?.pid ?? server).flatMap { ProcessIdentity(pid: $0) }
        var isSent = true
        if status?.far != nil, let mount = try Synchronizing.mount(at: path) {
            // What cannot be sent now waits in the cache: no reason to keep the mount.
            let left = max(0, Int((deadline - ContinuousClock.now) / .seconds(1)))
            isSent = (try? mount.run(seconds: left, stopsOffline: true, report: report)) != nil
        }
        // For a daemon that says nothing at its end.
        var known = status?.far
        if known != nil { known = (try? MountStatus.read(at: path, seconds: min(share, 2)))?.far ?? known }
        let logged = (status.flatMap { readWhole($0.log) } ?? []).count
        try takeAway(path, shown: text, until: min(deadline, ContinuousClock.now + .seconds(Self.endSeconds)))
        // However long sending has taken, it gets a time of its own to come to its end; little where it has not, and
        // most likely goes on.
        let own = isSent ? min(Self.endSeconds, seconds) : Self.endSecondsUnsent
        let end = max(deadline, ContinuousClock.now + .seconds(own))
        // It may have been too busy, or stopped, when it was asked.
        let note = status?.endNote.map { DrainNote(shown: $0) } ?? daemon.flatMap { DrainNote(of: $0) }
        var said: MountStatus?
        let isEnded = daemon?.waitForEnd(until: end) { _ in said = note?.read() ?? said }
        if isEnded == true {
            said = note?.read() ?? said
            note?.remove()
        }
        known = known ?? said?.far
        guard status != nil || isEnded != nil else {
            throw MountFailure(
                ShownText.line(text), "unmounted, but it did not answer: whether it has finished is not known",
                hint: "What has not been sent waits for the next mount of this store.", status: .busy)
        }
        if let daemon, isEnded == false {
            let isStopped = DaemonSearch.isStopped(daemon.pid)
            let unsent = known.map { Synchronizing.State($0) }
            let left = unsent.map { $0.files > 0 ? " \(CountText.have($0.files)) not been sent." : "" } ?? ""
            throw MountFailure(
                ShownText.line(text),
                "unmounted, but process \(daemon.pid)\(isStopped ? ", which is stopped," : "") has not finished with "
                    + ShownText.line(entry.source),
                hint: isStopped
                    ? "To let it go on: kill -CONT \(daemon.pid)"
                    : "It goes on by itself; the store is complete when the process is gone." + left
                        + (unsent?.reason.map { " \($0)" } ?? ""), status: .busy)
        }
        var done = Unmount(mountPoint: path, source: entry.source)
        let log = status.flatMap { $0.log.hasPrefix("/") ? $0.log : nil }
        var last = log.map { lines($0, after: logged) } ?? []
        if last.isEmpty { last = said?.lastErrors.map(\.line) ?? [] }
        if let store = (said ?? status)?.store { done.note = try farewell(of: store, last, shown: text) }
        let lost = last.filter { $0.hasSuffix(FileSystem.lostWords) }
        if !lost.isEmpty {
            throw MountFailure(
                ShownText.line(text),
                "unmounted, but the disk had no room for all of it:\n  "
                    + lost.map { ShownText.line($0) }.joined(separator: "\n  "),
                hint: log.map { "The log of the mount is \(ShownText.line($0))" }, status: .failed)
        }
        guard log != nil || status?.endNote != nil || said != nil else {
            throw MountFailure(
                ShownText.line(text), "unmounted, but whether anything was lost at its end is not known",
                hint: "See the log of the mount.", status: .failed)
        }
        if let far = known.flatMap({ LastStatus.read(of: $0, by: daemon?.pid)?.far ?? $0 }), far.pendingFiles > 0 {
            throw waits(Synchronizing.State(far), shown: text)
        }
        return done
    }

    /// What the daemon may take to end, beside the time for sending; where that was not enough.
    private static let endSeconds = 10
    private static let endSecondsUnsent = 2

    /// It is safe, but whoever takes this machine away takes it along.
    private static func waits(_ unsent: Synchronizing.State, shown: String) -> MountFailure {
        MountFailure(
            ShownText.line(shown),
            "unmounted, but \(CountText.have(unsent.files)) not been sent",
            hint: "What has not waits in the cache on this machine for the next mount of this store."
                + (unsent.reason.map { " \($0)" } ?? ""), status: .busy)
    }

    /// What the mount's log says at its end.
    private static func lines(_ log: String, after count: Int) -> [String] {
        // One that tells of no failure is removed.
        guard let bytes = readWhole(log) else { return [] }
        return bytes.dropFirst(bytes.count >= count ? count : 0).split(separator: UInt8(ascii: "\n"))
            .map { String(decoding: $0, as: UTF8.self) }
    }

    /// Of a store whose file was moved, removed or replaced while it was mounted.
    private static func farewell(
        of store: MountStatus.Store, _ last: [String], shown: String
    ) throws(MountFailure) -> String? {
        if let expected = store.rescue {
            let words = SQLiteStore.rescuedWords
            // Where it was to be saved there may have been no place for it.
            let rescued =
                last.compactMap { $0.split(separator: words, maxSplits: 1).dropFirst().first }.last
                ?? (access(expected, F_OK) == 0 ? expected[...] : nil)
            throw MountFailure(
                ShownText.line(shown),
                "unmounted, but the file of \(store.path) was removed or replaced while mounted"
                    + (rescued.map { words + $0 } ?? ", and it is not known whether what it held was saved"),
                hint: rescued == nil ? "See the log of the mount." : nil, status: .failed)
        }
        guard let new = store.movedTo else { return nil }
        for stem in [store.path, new] {
            var wal = stat()
            guard stat(stem + "-wal", &wal) == 0, wal.st_size > 0 else { continue }
            throw MountFailure(
                ShownText.line(shown), "unmounted, but the last changes to \(new) are in \(stem)-wal",
                hint: stem == new ? "See the log of the mount." : "Put it beside the store: mv \(stem)-wal \(new)-wal",
                status: .failed)
        }
        return "\(store.path) was moved while mounted: it is \(new), complete"
    }

    private static func takeAway(
        _ path: String, shown: String, until deadline: ContinuousClock.Instant
    ) throws(MountFailure) {
        // A program that has just ended may still be on its way out of the mount, or ask it something.
        var failure: String?
        var attempts = 0
        while attempts < 20 || ContinuousClock.now < deadline {
            failure = Unmounting.unmount(path)
            guard failure != nil, (try? MountTable.current())?.top(at: path)?.isPersistfs == true else { return }
            guard BusyProcess.find(in: path).isEmpty else { break }
            attempts += 1
            usleep(50_000)
        }
        let busy = BusyProcess.find(in: path)
        guard !busy.isEmpty else {
            throw MountFailure(
                ShownText.line(shown), failure ?? "",
                hint: "No program is seen in it: one may just be opening a file there, a FIFO for example.",
                status: .busy)
        }
        let most = 8
        var names = busy.prefix(most).map(\.description)
        if busy.count > most { names.append("and \(busy.count - most) more") }
        throw MountFailure(
            ShownText.line(shown), "in use by:\n  " + names.joined(separator: "\n  "),
            hint: "End them, or leave the directory, and try again.", status: .busy)
    }
}
