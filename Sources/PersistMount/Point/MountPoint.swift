internal import Glibc
internal import Linux

/// The directory that a store is mounted at, looked at before the store is opened: a refused mount leaves no new file.
public struct MountPoint: Sendable {
    /// Absolute, symlinks resolved: what mountinfo will say.
    public let path: String
    /// Kept until the store is mounted.
    let claim: Claim

    /// - Parameters:
    ///   - text: DIR as given.
    ///   - store: the store's file, absolute; it need not exist.
    ///   - allowsEntries: mount over a directory that is not empty (`-o nonempty`).
    /// - Throws: `.mountPoint`. A dead mount is cleared first.
    public static func prepare(
        _ text: String, for store: String, allowsEntries: Bool
    ) throws(MountFailure) -> MountPoint {
        guard !text.isEmpty else { throw MountFailure("DIR", "is empty", status: .usage) }
        let path = PathText.resolved(text)
        try clearIfDead(path)
        try checkDirectory(path, shown: text)
        let claim = try Claim(path, shown: text)
        // Only now: whoever had the claim before may have mounted here.
        let table = try MountTable.current()
        if let entry = table.top(at: path), entry.isPersistfs {
            throw MountFailure(
                ShownText.line(text), "already mounted here: \(ShownText.line(entry.source))",
                hint: "To unmount it: persistfs umount \(ShownText.line(text))", status: .mountPoint)
        }
        try checkOverlap(path, shown: text, store: store, table)
        if !allowsEntries { try checkEmpty(path, shown: text) }
        return MountPoint(path: path, claim: claim)
    }

    /// A FUSE mount whose daemon has died answers everything with ENOTCONN, and covers the directory.
    private static func clearIfDead(_ path: String) throws(MountFailure) {
        // One dead mount may lie on top of another.
        for _ in 0..<16 where try isDead(path) {
            if let failure = Unmounting.detach(path) {
                throw MountFailure(
                    ShownText.line(path), "a dead mount is in the way, and does not go: \(failure)",
                    hint: "Try: umount -l \(ShownText.line(path))", status: .mountPoint)
            }
        }
    }

    /// Asks by statfs(2): stat(2) may be answered from what the kernel keeps.
    static func isDead(_ path: String, seconds: Int = 10) throws(MountFailure) -> Bool {
        guard let entry = try MountTable.current().top(at: path), entry.isFUSE else { return false }
        let number = Deadline.ask(seconds: seconds) { () -> Int32 in
            var found = statvfs()
            return statvfs(path, &found) == 0 ? 0 : errno
        }
        return number == ENOTCONN || number == ECONNABORTED
    }

    private static func checkDirectory(_ path: String, shown: String) throws(MountFailure) {
        var found = stat()
        guard stat(path, &found) == 0 else {
            let number = errno
            let hint = number == ENOENT ? "Make it first: mkdir -p \(ShownText.line(shown))" : nil
            throw MountFailure(ShownText.line(shown), errorText(number), hint: hint, status: .mountPoint)
        }
        guard found.st_mode & S_IFMT == S_IFDIR else {
            throw MountFailure(
                ShownText.line(shown), "is no directory", hint: "The order is: persistfs mount STORE DIR",
                status: .mountPoint)
        }
        guard access(path, R_OK | X_OK) == 0 else {
            throw MountFailure(ShownText.line(shown), errorText(errno), status: .mountPoint)
        }
    }

    /// The mount would hide its own store, or lie within itself.
    private static func checkOverlap(
        _ path: String, shown: String, store: String, _ table: MountTable
    ) throws(MountFailure) {
        let store = PathText.resolved(store)
        if PathText.contains(path, store) {
            throw MountFailure(
                ShownText.line(shown), "the store lies inside this directory, and would be hidden by its own mount",
                hint: "Mount at a directory beside the store, for example \(ShownText.line(beside(store))).",
                status: .mountPoint)
        }
        if let entry = table.holding(PathText.parent(store)), entry.isPersistfs {
            throw MountFailure(
                ShownText.line(store), "lies on a persistfs mount (\(ShownText.line(entry.mountPoint)))",
                hint: "Keep the store on a disk of this machine.", status: .store)
        }
        // Every mount on the way: another store's may lie between.
        for entry in table.persistfs where PathText.contains(entry.mountPoint, path) {
            guard let status = try? MountStatus.read(at: entry.mountPoint),
                status.store.path == ShownText.line(store)
            else { continue }
            throw MountFailure(
                ShownText.line(shown), "lies within a mount of this very store (\(ShownText.line(entry.mountPoint)))",
                hint: "Mount at a directory outside of it.", status: .mountPoint)
        }
    }

    private static func beside(_ store: String) -> String {
        let name = store.split(separator: "/").last.map(String.init) ?? "store"
        let stem = name.lastIndex(of: ".").map { String(name[..<$0]) } ?? name
        let directory = PathText.parent(PathText.parent(store))
        return (directory == "/" ? "" : directory) + "/" + (stem.isEmpty ? "mnt" : stem)
    }

    private static func checkEmpty(_ path: String, shown: String) throws(MountFailure) {
        guard let directory = opendir(path) else {
            throw MountFailure(ShownText.line(shown), errorText(errno), status: .mountPoint)
        }
        defer { closedir(directory) }
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            if name != Array(".".utf8) && name != Array("..".utf8) {
                throw MountFailure(
                    ShownText.line(shown), "is not empty: its files would be hidden while mounted",
                    hint: "Mount at an empty directory, or add -o nonempty.", status: .mountPoint)
            }
        }
    }
}
