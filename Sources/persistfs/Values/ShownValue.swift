import Foundation
import Persist
import PersistMount

/// A key, and its value where it is asked for, as `--json` gives it.
struct ShownValue: Encodable {
    /// The key; of one that is not UTF-8 the text of `ShownText`.
    var key: String
    var bytes: Int
    /// Where the value is UTF-8.
    var value: String?
    /// Where it is not.
    var base64: String?

    init(_ key: StoreKey, _ value: [UInt8]) {
        self.key = ShownValue.text(key.bytes)
        bytes = value.count
        self.value = String(validating: value, as: UTF8.self)
        if self.value == nil { base64 = Data(value).base64EncodedString() }
    }

    static func text(_ bytes: [UInt8]) -> String {
        String(validating: bytes, as: UTF8.self) ?? ShownText.line(bytes)
    }
}

/// KEY of the command line.
enum KeyArgument {
    /// - Throws: `.usage` where it is in none of the four namespaces.
    static func parse(_ text: String) throws -> StoreKey {
        let bytes = Array(text.utf8)
        for namespace in Namespace.allCases where bytes.starts(with: namespace.name.bytes + [UInt8(ascii: "/")]) {
            if bytes.count > namespace.name.bytes.count + 1 { return StoreKey(bytes) }
        }
        throw MountFailure(
            ShownText.line(bytes), "is no key", hint: "Keys begin with records/, kv/, blobs/ or events/: kv/theme",
            status: .usage)
    }
}
