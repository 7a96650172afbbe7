internal import Glibc

/// Paths as the command line gives them.
public enum PathText {
    /// The path from the root, `.` and doubled slashes taken out of it; symlinks and `..` stay, since what `..` means
    /// after a symlink only the kernel knows.
    ///
    /// Asks no filesystem but for the current directory, so a dead mount cannot fail it.
    public static func absolute(_ path: String) -> String {
        let whole = path.hasPrefix("/") ? path : currentDirectory() + "/" + path
        return "/" + whole.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
    }

    /// The same place with all symlinks followed; where the last components do not exist, those are kept as they are.
    public static func resolved(_ path: String) -> String {
        var head = absolute(path)
        var tail = ""
        while true {
            if let real = realPath(head) { return tail.isEmpty ? real : (real == "/" ? "" : real) + tail }
            let cut = head.lastIndex(of: "/") ?? head.startIndex
            tail = String(head[cut...]) + tail
            head = String(head[..<cut])
            if head.isEmpty { return tail }
        }
    }

    /// Whether `path` is `directory` or lies below it; both absolute.
    public static func contains(_ directory: String, _ path: String) -> Bool {
        directory == "/" || path == directory || path.hasPrefix(directory + "/")
    }

    public static func parent(_ path: String) -> String {
        guard let cut = path.lastIndex(of: "/"), cut != path.startIndex else { return "/" }
        return String(path[..<cut])
    }

    private static func currentDirectory() -> String {
        guard let found = getcwd(nil, 0) else { return "/" }
        defer { free(found) }
        return String(cString: found)
    }

    private static func realPath(_ path: String) -> String? {
        guard let found = realpath(path.isEmpty ? "/" : path, nil) else { return nil }
        defer { free(found) }
        return String(cString: found)
    }
}
