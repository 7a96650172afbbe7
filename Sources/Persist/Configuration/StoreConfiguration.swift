/// What a `*.persist.json` file says: the options of Persist's `createStore`, as JSON5.
///
/// Options stand at the top or in an object named after the adapter:
///
///     { adapter: "sqlite", path: "./data/my-app.db", sqlite: { busyTimeout: 5000 } }
///     { adapter: "exec", command: ["python3", "./adapter.py"], environment: { TOKEN: "${TOKEN}" } }
///
/// Strings may contain `${NAME}`, and `process.env.NAME` may stand for one. A path is relative to the directory of
/// the file; without one, the store is `NAME.db` beside it. Without `adapter` it is SQLite.
public struct StoreConfiguration: Sendable, Equatable {
    public enum Adapter: Sendable, Equatable {
        /// - busyMilliseconds: nil: the default of `StoreLimits`.
        case sqlite(path: String, busyMilliseconds: Int?)
        case exec(Exec)
        case s3(S3)
    }

    /// Names the mount (fsname); divides nothing.
    public var name: String?
    public var adapter: Adapter
    /// A line for each option that means nothing here.
    public var warnings: [String]

    public init(name: String? = nil, adapter: Adapter, warnings: [String] = []) {
        self.name = name
        self.adapter = adapter
        self.warnings = warnings
    }

    /// - Parameters:
    ///   - file: the path of the file, for messages and for paths in it.
    ///   - environment: what `${NAME}` and `process.env.NAME` are taken from.
    public static func read(
        _ text: [UInt8], file: String, environment: [String: String]
    ) throws(ConfigurationError) -> StoreConfiguration {
        let root: JSON5Node
        do throws(JSONProblem) { root = try JSON5Reader.read(text) } catch {
            throw ConfigurationError(file: file, line: error.line, column: error.column, message: error.message)
        }
        var options = try ConfigurationOptions(root, file: file, environment: environment)
        let adapter = try takeAdapter(&options)
        let name = try options.takeString("name")
        try refuseEncryption(&options)
        if adapter == "exec" {
            let exec = try readExec(&options)
            return StoreConfiguration(name: name, adapter: .exec(exec), warnings: options.warnings)
        }
        if adapter == "s3" {
            let bucket = try readS3(&options)
            return StoreConfiguration(name: name, adapter: .s3(bucket), warnings: options.warnings)
        }
        try options.takeSection("sqlite")
        for option in ["walMode", "foreignKeys", "journalSizeLimit", "sync"] {
            options.ignore(option, because: "means nothing here: persistfs sets it itself")
        }
        let busy = try options.takeInteger("busyTimeout", in: 0...Int(Int32.max), unit: "milliseconds")
        let place = options.member("path") ?? options.member("filename")
        let (path, filename) = (try options.takeString("path"), try options.takeString("filename"))
        if path != nil && filename != nil, let place {
            throw options.error(at: place.value, "'path' and 'filename' are the same option: give one")
        }
        // Before a missing path is lamented: it may be misspelt.
        try options.finish(known: [
            "name", "adapter", "sqlite", "path", "filename", "busyTimeout", "walMode", "foreignKeys",
            "journalSizeLimit", "sync", "encrypt",
        ])
        let resolved = try resolve(path ?? filename, at: place, name: name, options)
        return StoreConfiguration(
            name: name, adapter: .sqlite(path: resolved, busyMilliseconds: busy), warnings: options.warnings)
    }

    /// Those of this version.
    public static let adapters = ["sqlite", "exec", "s3"]

    private static func takeAdapter(_ options: inout ConfigurationOptions) throws(ConfigurationError) -> String {
        let member = options.member("adapter")
        guard let name = try options.takeString("adapter"), let place = member?.value else { return "sqlite" }
        if adapters.contains(name) { return name }
        let known = "this version has \(adapters.joined(separator: ", "))"
        if ["postgres", "p2p"].contains(name) {
            throw options.error(at: place, "the adapter '\(name)' is not built yet; \(known)")
        }
        // What comes from the environment may be a secret.
        let quoted = place.value == .string(name) ? " '\(name)'" : ""
        throw options.error(at: place, "unknown adapter\(quoted); \(known)")
    }

    private static func refuseEncryption(_ options: inout ConfigurationOptions) throws(ConfigurationError) {
        let member = options.member("encrypt")
        if try options.takeBool("encrypt") == true, let place = member?.value {
            throw options.error(at: place, "encryption is not built yet: the store would lie open on the disk")
        }
    }

    private static func resolve(
        _ path: String?, at place: JSON5Node.Member?, name: String?, _ options: ConfigurationOptions
    ) throws(ConfigurationError) -> String {
        guard let path, let place else {
            guard let name, !name.isEmpty, !name.contains("/"), !name.contains("\0") else {
                throw options.error("no 'path': where is the store?")
            }
            return ConfigurationPath.resolve(name + ".db", besides: options.file)
        }
        guard !path.isEmpty, !path.contains("\0") else {
            throw options.error(at: place.value, "'\(place.key)' must be the path of a file")
        }
        guard path != ":memory:" else {
            throw options.error(at: place.value, "a store in memory cannot be mounted: give the path of a file")
        }
        return ConfigurationPath.resolve(path, besides: options.file)
    }
}
