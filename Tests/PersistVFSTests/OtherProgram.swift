import Foundation
import Persist

/// The `sqlite3` command as another program on a store's file: one process, told what to do line by line.
final class OtherProgram {
    struct Key {
        let namespace: Namespace
        let key: String
        var table: String { namespace == .records ? "records" : "kv" }
    }

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// The directory of the keys that only other programs write: no model knows it.
    static let names: Set<String> = ["other"]

    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()
    private var asked = 0
    private var answers = ""

    init(_ path: String) throws {
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["sqlite3", "-batch", "-cmd", ".timeout 20000", path]
        process.standardInput = input
        process.standardOutput = output
        process.standardError = output
        try process.run()
        // The checkpoints of SQLite before 3.51.3 can lose pages of others: the mount's own do not, these would.
        // Nor has power to be lost here.
        tell("PRAGMA wal_autocheckpoint = 0; PRAGMA synchronous = OFF;")
    }

    func abandon() { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

    /// The key that this path shows, where another program may write it.
    static func key(of path: String) -> Key? {
        if path.hasPrefix("records/"), path.hasSuffix(".json") {
            return Key(namespace: .records, key: String(path.dropFirst(8).dropLast(5)))
        }
        let isPlain = path.hasPrefix("kv/") && !path.hasSuffix(".tmp") && path.split(separator: "/").last!.count > 1
        return isPlain ? Key(namespace: .kv, key: String(path.dropFirst(3))) : nil
    }

    /// Goes on at once.
    func tell(_ sql: String) { input.fileHandleForWriting.write(Data((sql + "\n").utf8)) }

    /// Waits until everything that it was told is done.
    func wait() throws {
        let problems = try answer("")
        // Which a PRAGMA answers.
        guard problems.isEmpty || problems == "0" else { throw Failure(description: "sqlite3 says \(problems)") }
    }

    /// Waits until nothing that it was told is left to be folded in by the mount: that may be held up by the
    /// transactions of others.
    func waitUntilFoldedIn(_ store: any LocalStore) throws {
        for _ in 0..<2_000 {
            try store.refresh()
            if try answer("SELECT 'left ' || count(*) FROM changed;").hasSuffix("left 0") { return }
            usleep(5_000)
        }
        throw Failure(description: "what another program wrote is not folded in")
    }

    /// What it prints to the end of a statement.
    private func answer(_ sql: String) throws -> String {
        asked += 1
        let end = "done-\(asked)\n"
        tell(sql + "\n.print done-\(asked)")
        while !answers.hasSuffix(end) {
            let data = output.fileHandleForReading.availableData
            guard !data.isEmpty else { throw Failure(description: "sqlite3 has ended: \(answers)") }
            answers += String(decoding: data, as: UTF8.self)
        }
        defer { answers = "" }
        return answers.dropLast(end.count).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    func end() throws {
        try wait()
        tell(".quit")
        process.waitUntilExit()
    }

    static func quote(_ bytes: [UInt8]) -> String {
        "'" + String(decoding: bytes, as: UTF8.self).replacingOccurrences(of: "'", with: "''") + "'"
    }
}
