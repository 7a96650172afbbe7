import Foundation
import Persist
import PersistMount
import Testing

@Suite("What a background mount tells the command that started it")
struct ReportTests {
    @Test("exit statuses are one digit each, and no two are the same")
    func statuses() {
        #expect(Set(ExitStatus.allCases.map(\.rawValue)) == Set(0...7))
    }

    @Test("status.json is read back as it was written")
    func status() throws {
        let text = #"""
            {"version": "1", "pid": 7, "mountPoint": "/mnt", "since": "2026-01-01T00:00:00Z", "isReadOnly": false,
             "log": "stderr", "can": [], "cannot": [], "bounds": [], "conflicts": [], "lastErrors": [], "notes": ["n"],
             "store": {"adapter": "sqlite", "path": "/a.db", "id": "x", "bytesUsed": 1, "files": 3, "mounts": [],
                       "bytesFree": 18446744073709551615},
             "rejected": [{"path": "records/a.json", "bytes": 3, "since": "2026-01-01T00:00:00Z", "words": "line 1"}]}
            """#
        let status = try JSONDecoder().decode(MountStatus.self, from: Data(text.utf8))
        #expect(status.store.bytesFree == .max && status.rejected.first?.words == "line 1")
        let read = try JSONDecoder().decode(MountStatus.self, from: Data(status.json))
        #expect(read.json == status.json)
        #expect(String(decoding: status.json, as: UTF8.self).hasSuffix("}\n"))
    }

    @Test("times are RFC 3339 in UTC, before 1970 too")
    func times() {
        #expect(TimeText.text(.init(seconds: 0, nanoseconds: 5)) == "1970-01-01T00:00:00Z")
        #expect(TimeText.text(.init(seconds: 1_769_949_000, nanoseconds: 0)) == "2026-02-01T12:30:00Z")
        #expect(TimeText.text(.init(nanoseconds: -1)) == "1969-12-31T23:59:59Z")
    }
}
