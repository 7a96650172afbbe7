/// Paths in a configuration file.
enum ConfigurationPath {
    /// `path` as seen from the directory of `file`, without `.` components and doubled slashes.
    ///
    /// `..` stays: what it leads to depends on symlinks.
    static func resolve(_ path: String, besides file: String) -> String {
        let isAbsolute = path.utf8.first == UInt8(ascii: "/")
        var joined = path
        if !isAbsolute, let slash = file.lastIndex(of: "/") { joined = file[...slash] + path }
        let components = joined.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
        return joined.utf8.first == UInt8(ascii: "/") ? "/" + components : components.isEmpty ? "." : components
    }
}
