import FoundationEssentials
import Glibc
import Persist
import ProcessAdapter
import Synchronization

/// Adapters of this package's Hosts/, and programs written into a test, in a directory that goes with the test.
final class Hosted: Sendable {
    let directory: String
    /// Not this itself is what adapters keep: the directory goes with the test, whatever still ends then.
    private let lines = Lines()

    private final class Lines: Sendable {
        let all = Mutex<[String]>([])
    }

    init() throws {
        var template = Array((FileManager.default.temporaryDirectory.path + "/persistfs-adapter.XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else { throw TestFailure("mkdtemp: errno \(errno)") }
        directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    /// What adapters have logged so far.
    var log: [String] { lines.all.withLock { $0 } }

    func adapter(_ command: [String], options: ProcessAdapterOptions = ProcessAdapterOptions()) -> ProcessAdapter {
        ProcessAdapter(command: command, options: options) { [lines] line in lines.all.withLock { $0.append(line) } }
    }

    /// A program of Python, which can import what is in Hosts/python.
    func python(
        _ source: String, _ arguments: [String] = [], options: ProcessAdapterOptions = ProcessAdapterOptions()
    ) throws -> ProcessAdapter {
        try write("adapter.py", "import sys; sys.path.append('\(Self.hosts)/python')\n" + source)
        return adapter(
            [try Self.find("python3"), "-B", directory + "/adapter.py"] + arguments, options: options)
    }

    func python(
        host name: String, _ arguments: [String], options: ProcessAdapterOptions = ProcessAdapterOptions()
    ) throws -> ProcessAdapter {
        adapter([try Self.find("python3"), "-B", Self.hosts + "/python/" + name] + arguments, options: options)
    }

    /// A module that the host for JavaScript loads.
    func node(source: String, _ arguments: [String] = []) throws -> ProcessAdapter {
        try write("adapter.mjs", source)
        return try node([directory + "/adapter.mjs"] + arguments)
    }

    func node(
        _ arguments: [String], options: ProcessAdapterOptions = ProcessAdapterOptions()
    ) throws -> ProcessAdapter {
        adapter([try Self.find("node"), Self.hosts + "/node/persist-adapter.mjs"] + arguments, options: options)
    }

    /// A script of sh, with what it is given as `$1` and on.
    func shell(
        _ script: String, _ arguments: [String] = [], options: ProcessAdapterOptions = ProcessAdapterOptions()
    ) -> ProcessAdapter {
        adapter(["/bin/sh", "-c", script, "sh"] + arguments, options: options)
    }

    func entries(of adapter: ProcessAdapter, _ prefix: StoreKey) async throws -> [StoreEntry] {
        var entries: [StoreEntry] = []
        for try await entry in try await adapter.list(prefix) { entries.append(entry) }
        return entries
    }

    func text(of key: StoreKey, in adapter: ProcessAdapter) async throws -> String? {
        try await adapter.get(key).map { String(decoding: $0, as: UTF8.self) }
    }

    // MARK: Files of the directory

    func has(_ name: String) -> Bool { access("\(directory)/\(name)", F_OK) == 0 }

    func text(_ name: String) -> String? {
        (try? Data(contentsOf: URL(filePath: "\(directory)/\(name)"))).map { String(decoding: $0, as: UTF8.self) }
    }

    func write(_ name: String, _ text: String) throws {
        try Data(text.utf8).write(to: URL(filePath: "\(directory)/\(name)"))
    }

    /// The process whose number a script wrote to a file.
    func pid(_ name: String) throws -> pid_t {
        guard let pid = text(name).flatMap({ pid_t($0.prefix { $0 != "\n" }) }) else {
            throw TestFailure("no number in \(name): \(text(name) ?? "no file")")
        }
        return pid
    }

    static let hosts =
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path + "/Hosts"

    static func find(_ program: String) throws -> String {
        let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin"
        for directory in path.split(separator: ":") where access("\(directory)/\(program)", X_OK) == 0 {
            return "\(directory)/\(program)"
        }
        throw TestFailure(
            "\(program) is not installed: these tests run adapters in it. On Debian: apt-get install \(package(of: program))"
        )
    }

    private static func package(of program: String) -> String { program == "node" ? "nodejs" : program }
}
