import Persist
@testable import S3Adapter
import Testing

@Suite("User metadata")
struct UserMetadataTests {
    private static let some = ValueAttributes(
        mode: 0o640, uid: 1_000, gid: 4_294_967_295, mtime: Timestamp(nanoseconds: 1_732_790_000_123_456_789),
        extended: [Array("user.kind".utf8): Array("a value".utf8), Array("user.ü".utf8): [0, 255]])

    @Test("what is written is what is read")
    func roundTrip() {
        let headers = UserMetadata.headers(of: Self.some)
        #expect(UserMetadata.attributes(of: Dictionary(uniqueKeysWithValues: headers)) == Self.some)
        #expect(headers.allSatisfy { $0.1.utf8.allSatisfy { (0x21...0x7E).contains($0) } })
    }

    @Test(
        "a mode is decimal as s3fs writes it, or octal as rclone does",
        arguments: [
            ("33188", 0o644), ("100644", 0o644), ("33261", 0o755), ("100755", 0o755), ("16877", 0o755),
            ("40755", 0o755), ("41777", 0o1777), ("41471", 0o777), ("120777", 0o777), ("33152", 0o600),
            ("104711", 0o4711), ("0644", 0o644), ("644", 0o644), ("x", nil), ("", nil), ("-1", nil),
            ("99999999", nil),
        ] as [(String, UInt16?)])
    func modes(text: String, mode: UInt16?) {
        #expect(UserMetadata.attributes(of: ["x-amz-meta-mode": text]).mode == mode)
    }

    @Test("times of s3fs and rclone are read; without one it is when the object was put")
    func times() {
        func time(_ headers: [String: String]) -> Int64? {
            UserMetadata.attributes(of: headers).mtime?.nanoseconds
        }
        #expect(time(["x-amz-meta-mtime": "1732790000"]) == 1_732_790_000_000_000_000)
        #expect(time(["x-amz-meta-mtime": "1732790000.5"]) == 1_732_790_000_500_000_000)
        #expect(time(["x-amz-meta-mtime": "1732790000.123456789"]) == 1_732_790_000_123_456_789)
        #expect(time(["last-modified": "Sun, 06 Nov 1994 08:49:37 GMT"]) == 784_111_777_000_000_000)
        #expect(time([:]) == nil)
    }

    @Test("what is no metadata of a file counts as none")
    func others() {
        let found = UserMetadata.attributes(of: [
            "x-amz-meta-uid": "root", "x-amz-meta-gid": "-1", "x-amz-meta-xattr": "%7B", "x-amz-meta-mtime": "soon",
        ])
        #expect(found == ValueAttributes())
    }

    @Test("what S3 takes no more of does not fit")
    func room() {
        #expect(UserMetadata.fits(Self.some))
        var large = Self.some
        large.extended[Array("user.large".utf8)] = [UInt8](repeating: 1, count: 1_500)
        #expect(!UserMetadata.fits(large))
    }
}
