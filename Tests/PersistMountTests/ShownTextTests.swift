import PersistMount
import Testing

@Suite("Paths as one line of text")
struct ShownTextTests {
    @Test("what is printable stays, everything else is escaped, unambiguously")
    func escapes() {
        #expect(ShownText.line("records/ä 日本.json") == "records/ä 日本.json")
        #expect(ShownText.line("a\nb\tc\rd\\n") == #"a\nb\tc\rd\\n"#)
        #expect(ShownText.line([0x1b, 0x5b, 0x41, 0xff, 0xc3, 0x61]) == #"\x1b[A\xff\xc3a"#)
        #expect(ShownText.line([0x7f, 0xc2, 0x85, 0xe2, 0x80, 0xa8]) == #"\x7f\xc2\x85\xe2\x80\xa8"#)
    }

    @Test("two paths never look alike: every byte comes back")
    func bijection() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<2_000 {
            let bytes = (0..<Int.random(in: 0...12, using: &random)).map { _ in
                Bool.random(using: &random)
                    ? UInt8.random(in: .min ... .max, using: &random) : Array("\\nxt\n/é0a".utf8).randomElement()!
            }
            #expect(ShownText.bytes(of: ShownText.line(bytes)) == bytes, "\(bytes)")
        }
    }

    @Test("a backslash that begins no escape stands for itself")
    func plainBackslashes() {
        let text = #"a\b\x1\xzz\"#
        #expect(ShownText.bytes(of: text) == Array(text.utf8))
    }
}
