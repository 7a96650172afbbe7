/// The conflict copies of the mounts that this process sees.
public struct ConflictList: Sendable {
    /// By file.
    public var conflicts: [Conflict]
    /// Mounts that could not be asked, and why.
    public var problems: [String]

    /// - Parameter directory: only the mount there.
    /// - Throws: `.notFound` where there is none; `.failed`, `.busy` where that one cannot be asked.
    public static func find(at directory: String?) throws(MountFailure) -> ConflictList {
        var list = ConflictList(conflicts: [], problems: [])
        let hint = "Its conflicts can be seen when it is mounted again."
        for item in try MountList.mounted(at: directory, hint: hint) {
            guard let status = item.status else {
                let failure = MountFailure(item.mountPoint, item.problem ?? "does not answer", status: .failed)
                if directory != nil { throw failure }
                list.problems.append(failure.description)
                continue
            }
            let mountPoint = String(decoding: ShownText.bytes(of: status.mountPoint), as: UTF8.self)
            list.conflicts += status.conflicts.compactMap { Conflict($0, at: mountPoint) }
        }
        return list
    }

    /// Those of one file, or the one that is meant by its copy's path.
    ///
    /// - Parameter text: a path by way of a mount, as it is or as the list shows it (`ShownText`).
    /// - Throws: `.notFound`.
    public static func find(of text: String) throws(MountFailure) -> [Conflict] {
        var meant: Set<[UInt8]> = []
        for spelling in [Array(text.utf8), ShownText.bytes(of: text)] {
            guard let path = String(validating: spelling, as: UTF8.self) else {
                // Only as a whole: no path of this machine leads to what is not UTF-8.
                meant.insert(spelling)
                continue
            }
            let absolute = PathText.absolute(path)
            let parent = PathText.resolved(PathText.parent(absolute))
            let name = absolute.split(separator: "/").last ?? ""
            meant.insert(Array(absolute.utf8))
            meant.insert(Array(((parent == "/" ? "" : parent) + "/" + name).utf8))
        }
        // The innermost one that holds it, and no other is asked.
        let mounts = try MountTable.current().persistfs.map(\.mountPoint)
            .filter { mount in
                meant.contains { $0.starts(with: Array((mount == "/" ? "" : mount).utf8) + [UInt8(ascii: "/")]) }
            }
        let mount = mounts.max { $0.utf8.count < $1.utf8.count }
        var found: [Conflict] = []
        if let mount {
            found = try find(at: mount).conflicts.filter { meant.contains($0.filePath) || meant.contains($0.copyPath) }
        }
        guard !found.isEmpty else {
            throw MountFailure(
                ShownText.line(text),
                mount == nil ? "lies on no mount of persistfs" : "no conflict here",
                hint: "persistfs conflicts lists them.", status: .notFound)
        }
        return found
    }
}
