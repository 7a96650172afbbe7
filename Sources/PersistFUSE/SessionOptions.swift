/// How a filesystem is mounted, as `-o` says it.
public struct SessionOptions: Sendable {
    /// Shown as the source of the mount.
    public var fsname: String
    /// The type of the mount is `fuse.` and this.
    public var subtype = "persistfs"
    /// Other users may enter.
    public var allowOther = false
    /// The kernel checks owner and mode. It costs a GETATTR of the parent for each create and unlink.
    public var defaultPermissions = false
    public var isReadOnly = false
    /// How long a request waits for what is not on this machine (ETIMEDOUT).
    public var absentMax = Duration.seconds(30)
    /// Further mount options, each as one word (`noatime`, `nosuid`).
    public var extra: [String]

    public init(
        fsname: String, subtype: String = "persistfs", allowOther: Bool = false, defaultPermissions: Bool = false,
        isReadOnly: Bool = false, extra: [String] = []
    ) {
        self.fsname = fsname
        self.subtype = subtype
        self.allowOther = allowOther
        self.defaultPermissions = defaultPermissions
        self.isReadOnly = isReadOnly
        self.extra = extra
    }

    /// The arguments of `fuse_session_new`, the program's name first. A comma within a word is escaped.
    var arguments: [String] {
        var words = ["fsname=\(fsname)", "subtype=\(subtype)"]
        if allowOther { words.append("allow_other") }
        if defaultPermissions { words.append("default_permissions") }
        if isReadOnly { words.append("ro") }
        words += extra
        return ["persistfs"] + words.flatMap { ["-o", Self.escaped($0)] }
    }

    private static func escaped(_ word: String) -> String {
        var result = ""
        for character in word.unicodeScalars {
            if character == "," || character == "\\" { result += "\\" }
            result.unicodeScalars.append(character)
        }
        return result
    }
}
