import Persist
import Testing

@Suite("Names of conflict copies")
struct ConflictNameTests {
    private static let stamp = Array("20260131T093000Z".utf8)

    @Test("R10 they are read from their end, whatever path and host hold")
    func reads() throws {
        let paths = [
            "records/a.json", "kv/a@b", "kv/a@host-20260131T093000Z", "kv/a@host-20260131T093000Z-2", "blobs/-",
            "blobs/x@/y",
            "kv/a-3", "kv/ü\n",
        ]
        for path in paths.map({ Array($0.utf8) }) + [[0xff, 0x40, 0xfe]] {
            for host in ["host", "my-host-2", "", "a.b", "20260131T093000Z"] {
                for number in [1, 2, 17] {
                    let name = ConflictName(
                        path: path, host: Array(host.utf8), stamp: Self.stamp, number: number)
                    let found = try #require(ConflictName(name.bytes), "\(name)")
                    #expect(found == name)
                }
            }
        }
        let odd = ConflictName(path: Array("kv/a".utf8), host: Array("a@b/c\0".utf8), stamp: Self.stamp)
        #expect(ConflictName(odd.bytes)?.host == Array("a_b_c_".utf8))
    }

    @Test(
        "R10 what is none is none",
        arguments: [
            "", "@", "kv/a", "kv/a@host", "@host-20260131T093000Z", "kv/a@host-20260131T093000Z-1",
            "kv/a@host-20260131T093000Z-", "kv/a@host-20260131T093000Z-x", "kv/a@host-2026013T0930000Z",
            "kv/a@h/x-20260131T093000Z", "kv/ahost-20260131T093000Z",
        ])
    func refuses(text: String) {
        #expect(ConflictName(Array(text.utf8)) == nil)
    }
}
