import Glibc
import Persist
import Testing

@testable import SQLiteStore

/// R8 below the mount: what a line costs, and what the row of a log says.
@Suite("Logs") struct LogTests {
    @Test("R8 a line is one page of the WAL: the row of its log does not move with it")
    func onePage() throws {
        let file = try StoreFile()
        let store = try file.open()
        defer { store.close() }
        _ = try store.addLines("events/a.jsonl", "{}\n")
        func frames() throws -> Int {
            var found = stat()
            #expect(stat(file.path + "-wal", &found) == 0)
            return (Int(found.st_size) - 32) / (8192 + 24)
        }
        let before = try frames()
        for number in 0..<50 { _ = try store.addLines("events/a.jsonl", "{\"n\": \(number)}\n") }
        #expect(try frames() == before + 50)
    }

    @Test("R4 R8 size, times and revision of a log are those of its last line, or what was set after it")
    func attributes() throws {
        let file = try StoreFile()
        var store = try file.open()
        var last = try store.addLines("events/a.log", "one\n").node
        let id = last.id
        func expect(_ size: UInt64, _ mtime: Timestamp?, _ comment: Comment) throws {
            // Asked by number, by name, in a listing, and by another mount: always the same.
            let other = try file.open()
            defer { other.close() }
            for node in [
                try store.node(id), try store.find("events/a.log"), try other.node(id),
                try store.list(Namespace.events.node, after: 0, limit: 10)[0].node,
            ] {
                #expect(node.size == size && node.allocated == size, comment)
                if let mtime { #expect(node.mtime == mtime, comment) }
                #expect(node.ctime >= node.mtime || mtime != nil, comment)
                #expect(node.revision >= last.revision, comment)
            }
            last = try store.node(id)
        }
        try expect(4, last.mtime, "one line")
        let old = Timestamp(nanoseconds: 5_000_000_000)
        _ = try store.setAttributes(id, AttributeChange(mtime: old, time: .now))
        try expect(4, old, "its time was set")
        let appended = try store.append(
            Append(stream: id, bytes: Array("two".utf8), start: .newLine, endsUnterminated: true, time: .now)
        ).node
        #expect(appended.revision > last.revision)
        try expect(7, appended.mtime, "half a line more")
        let again = try store.addLines("events/a.log", "three\n").node
        #expect(again.revision > last.revision && again.mtime >= appended.mtime)
        try expect(14, again.mtime, "a newline was put between")
        _ = try store.setAttributes(id, AttributeChange(mode: 0o600, time: .now))
        try expect(14, again.mtime, "chmod moves no time of the content")
        store.close()
        // The row has followed: what is lost at the end of a log can be told.
        #expect(try Foreign(file.path).run("SELECT size FROM node WHERE ino = \(id.rawValue)") == ["14"])
        store = try file.open()
        defer { store.close() }
        try expect(14, again.mtime, "opened again")
        #expect(try store.check() == [])
    }

    /// Transactions in the WAL: the last frame of each says how large the database is (walformat.html, section 1.2).
    private static func commits(_ file: StoreFile) throws -> Int {
        let descriptor = Glibc.open(file.path + "-wal", O_RDONLY | O_CLOEXEC)
        defer { close(descriptor) }
        var header = [UInt8](repeating: 0, count: 24)
        var (place, count) = (32, 0)
        while pread(descriptor, &header, 24, place) == 24 {
            if header[4..<8].contains(where: { $0 != 0 }) { count += 1 }
            place += 24 + 8192
        }
        return count
    }

    @Test("R8 lines of several logs are committed together; one that is refused keeps no other from it")
    func together() throws {
        let file = try StoreFile()
        let store = try file.open()
        defer { store.close() }
        let names = ["events/a.jsonl", "events/b.jsonl", "events/c.jsonl"]
        let logs = try names.map { try store.addLines($0, "{}\n").node.id }
        func append(_ texts: [String]) -> [Result<Appended, StoreError>] {
            store.append(
                zip(logs, texts).map { Append(stream: $0, bytes: Array($1.utf8), start: .newLine, time: .now) })
        }
        let before = try Self.commits(file)
        for result in append(["[1]\n", "[2]\n", "[3]\n"]) { #expect(try result.get().accepted == 4) }
        #expect(try Self.commits(file) == before + 1)

        let results = append(["[4]\n", "bad\n", "[6]\n[7]\nbad\n"])
        #expect(try results[0].get().accepted == 4)
        #expect(kind { try results[1].get() } == .rejected)
        #expect(try results[2].get().accepted == 8)
        #expect(try names.map { try store.text($0) } == ["{}\n[1]\n[4]\n", "{}\n[2]\n", "{}\n[3]\n[6]\n[7]\n"])
        #expect(try store.check() == [])
    }
}
