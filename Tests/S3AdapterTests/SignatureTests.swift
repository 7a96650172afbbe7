import Persist
import Testing

@testable import S3Adapter

/// The examples of the Amazon S3 API reference, "Authenticating Requests: Using the Authorization Header".
@Suite("Signatures")
struct SignatureTests {
    private static let host = "examplebucket.s3.amazonaws.com"
    private static let time = SigningTime(Timestamp(seconds: 1_369_353_600, nanoseconds: 0))
    private static let signature = Signature(
        credentials: Credentials(
            accessKeyID: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        region: "us-east-1")

    private func sign(
        _ method: String, _ path: String, query: [(name: String, value: String)] = [],
        headers: [(String, String)] = [], body: String = ""
    ) throws -> String {
        let sum = Hashing.hex(Hashing.sha256(Array(body.utf8)))
        let found = Self.signature.headers(
            for: method, path: path, query: query, headers: [("host", Self.host)] + headers, bodySum: sum,
            at: Self.time)
        let authorization = try #require(found.first { $0.0 == "authorization" }?.1)
        return try #require(authorization.split(separator: "Signature=").last.map(String.init))
    }

    @Test("a GET of a part of an object")
    func get() throws {
        #expect(
            try sign("GET", "/test.txt", headers: [("range", "bytes=0-9")])
                == "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")
    }

    @Test("a PUT, whose name has a character that is encoded")
    func put() throws {
        let path = "/" + URLText.encode(Array("test$file.text".utf8), keepsSlashes: true)
        #expect(
            try sign(
                "PUT", path,
                headers: [
                    ("date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
                ], body: "Welcome to Amazon S3.")
                == "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd")
    }

    @Test("a query without a value")
    func lifecycle() throws {
        #expect(
            try sign("GET", "/", query: [("lifecycle", "")])
                == "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543")
    }

    @Test("a listing")
    func list() throws {
        #expect(
            try sign("GET", "/", query: [("max-keys", "2"), ("prefix", "J")])
                == "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7")
    }

    @Test("times of signatures, of headers and of listings")
    func times() {
        #expect(Self.time.text == "20130524T000000Z")
        #expect(SigningTime(Timestamp(seconds: 951_827_696, nanoseconds: 0)).text == "20000229T123456Z")
        #expect(SigningTime(Timestamp(seconds: 4_107_542_399, nanoseconds: 0)).text == "21000228T235959Z")
        #expect(HTTPDate.seconds("Sun, 06 Nov 1994 08:49:37 GMT") == 784_111_777)
        #expect(HTTPDate.nanoseconds(ofISO: Array("2009-10-12T17:50:30.000Z".utf8)) == 1_255_369_830_000_000_000)
        #expect(HTTPDate.nanoseconds(ofISO: Array("2000-02-29T12:34:56.25Z".utf8)) == 951_827_696_250_000_000)
        #expect(HTTPDate.nanoseconds(ofISO: Array("2009-10-12T17:50:30Z".utf8)) == 1_255_369_830_000_000_000)
        for text in ["2009-10-12T17:50:30", "2009-10-12T17:50:30+00:00", "2009-10-12T17:50:30.0000000000Z"] {
            #expect(HTTPDate.nanoseconds(ofISO: Array(text.utf8)) == 1_255_369_830_000_000_000, "\(text)")
        }
        #expect(HTTPDate.seconds("Sun, 6 Nov 1994 08:49:37 GMT  ") == 784_111_777)
        for text in [
            "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "yesterday", "2009-10-12T17:50:30.Z",
            "2009-10-12T17:50:3xZ", "2009-10-12 17:50:30Z",
            "2009-10-12T17:50:30+02:00", "2261-99-01T00:00:00Z", "2009-00-12T17:50:30Z",
        ] {
            #expect(HTTPDate.nanoseconds(ofISO: Array(text.utf8)) == nil, "\(text)")
        }
        for text in [
            "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 06 Nox 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
            "Mon, 01 Jan 0001 00:00:00 GMT", "Sat, 01 Jan 1678 00:00:00 GMT", "",
        ] {
            #expect(HTTPDate.seconds(text) == nil, "\(text)")
        }
    }

    @Test("names of objects in URLs")
    func names() {
        #expect(URLText.encode(Array("a b/ü+~.json".utf8), keepsSlashes: true) == "a%20b/%C3%BC%2B~.json")
        #expect(URLText.encode(Array("a/b".utf8)) == "a%2Fb")
        #expect(URLText.decode(Array("a+b%2Fc%C3%BC%".utf8)) == Array("a b/cü%".utf8))
    }
}
