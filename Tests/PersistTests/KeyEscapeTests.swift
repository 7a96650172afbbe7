import PersistTestKit
import Testing

@testable import Persist

@Suite("Escaped names")
struct KeyEscapeTests {
    static let hash = "%~" + String(repeating: "0a", count: 32)
    static let table: [(component: String, name: String)] = [
        ("alice", "alice"), ("user:1", "user:1"), ("100%", "100%"), ("%41", "%41"), ("%2e", "%2e"), ("é", "é"),
        ("", "%"), ("%", "%25"), ("%25", "%2525"), (".", "%2E"), ("..", "%2E%2E"), ("...", "..."), ("%2E", "%252E"),
        ("a\0b", "a%00b"), ("a%00b", "a%2500b"), ("a%\0", "a%25%00"), ("a%2Fb", "a%2Fb"), ("100%25", "100%25"),
        ("%self", "%25self"), ("%25self", "%2525self"), (hash, "%25" + hash.dropFirst()), (hash + "0", hash + "0"),
    ]

    /// Every piece that the rules know, next to each other in all ways.
    static let pieces: [[UInt8]] =
        [
            "%", "%", "00", "25", "2E", "2F", "%00", "%25", "%2E", "%self", "self", "~", ".", "..", ".json", "a", "é",
            hash,
        ].map { bytes($0) } + [[0], [0xFF], [0xC3], Array(repeating: 0x61, count: 120), Array(repeating: 0, count: 40)]

    @Test("Components and their names", arguments: table)
    func examples(_ pair: (component: String, name: String)) {
        let name = FileName(unchecked: bytes(pair.name))
        #expect(KeyEscape.encode(component: bytes(pair.component)) == .name(name))
        #expect(KeyEscape.decode(name) == bytes(pair.component))
    }

    @Test("A component that does not fit into a name is shown by its hash, which leads to no component")
    func hashed() {
        let long = Array(repeating: UInt8(ascii: "a"), count: 256)
        let encoded = KeyEscape.encode(component: long)
        #expect(encoded == .hashed(FileName(unchecked: bytes("%~") + SHA256.hexDigest(of: long))))
        #expect(KeyEscape.decode(encoded.name) == nil)
        #expect(KeyEscape.encode(component: Array(long.dropLast())) == .name(FileName(unchecked: long.dropLast())))
        guard case .hashed = KeyEscape.encode(component: Array(repeating: 0, count: 86)) else {
            Issue.record("86 times %00 is 258 bytes")
            return
        }
    }

    @Test("Every component has a legal name, which leads back to it alone")
    func components() {
        var random = Seeded("components")
        var seen: [FileName: [UInt8]] = [:]
        for _ in 0..<10_000 {
            let component = random.join(Self.pieces, upTo: 5)
            let encoded = KeyEscape.encode(component: component)
            let name = encoded.name
            if (try? FileName(name.bytes)) == nil { Issue.record("illegal: \(name.bytes)") }
            let other = seen.updateValue(component, forKey: name) ?? component
            if other != component { Issue.record("\(component) and \(other) are both \(name)") }
            if case .name = encoded, KeyEscape.decode(name) != component { Issue.record("lost: \(component)") }
        }
    }

    @Test("Every legal name that is not reserved is that of one component, whose name it is")
    func names() {
        var random = Seeded("names")
        var reserved = 0
        for _ in 0..<10_000 {
            guard let name = try? FileName(random.join(Self.pieces, upTo: 5)) else { continue }
            if let component = KeyEscape.decode(name) {
                let encoded = KeyEscape.encode(component: component)
                if encoded != .name(name) { Issue.record("\(name) is \(component), which is \(encoded)") }
            } else {
                reserved += 1
                #expect(name == "%self" || name.bytes.count == 66 && name.bytes.starts(with: bytes("%~")), "\(name)")
            }
        }
        #expect(reserved > 0)
    }

    @Test("SHA-256 agrees with the examples of FIPS 180-4")
    func sha256() {
        func hex(_ message: [UInt8]) -> String { String(decoding: SHA256.hexDigest(of: message), as: UTF8.self) }
        #expect(hex([]) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(hex(bytes("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(
            hex(bytes("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"))
                == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
        #expect(
            hex(Array(repeating: UInt8(ascii: "a"), count: 1_000_000))
                == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    }
}
