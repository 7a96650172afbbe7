import Foundation
import Testing

@Suite("The article on writing an adapter")
struct WritingAnAdapterTests {
    private static let top: String = {
        let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        return parts.dropLast(3).joined(separator: "/")
    }()

    private static func text(_ path: String) throws -> String {
        try String(contentsOf: URL(fileURLWithPath: top + "/" + path), encoding: .utf8)
    }

    /// Without indentation: the article shows parts of files.
    private static func lines(_ text: some StringProtocol) -> [String] {
        text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
    }

    @Test("its code is that of the example, which is built, tested and mounted by scripts/test")
    func codeIsTheExamples() throws {
        let example = "Examples/memory-mount/"
        let sources = try [
            "Sources/DictionaryStorage/DictionaryAdapter.swift", "Sources/memory-mount/MemoryMount.swift",
            "Tests/DictionaryStorageTests/DictionaryAdapterTests.swift",
        ].map { Self.lines(try Self.text(example + $0)).joined(separator: "\n") }
        let article = try Self.text("Sources/Persist/Persist.docc/WritingAnAdapter.md")
        let blocks = article.components(separatedBy: "```swift\n").dropFirst().map {
            Self.lines($0.components(separatedBy: "```")[0]).joined(separator: "\n")
        }
        #expect(blocks.count == 3)
        for block in blocks { #expect(sources.contains { $0.contains(block) }, "not in the example:\n\(block)") }
    }

    @Test("what the catalog links to is there")
    func links() throws {
        let place = "Sources/Persist/"
        let all = try FileManager.default.subpathsOfDirectory(atPath: Self.top + "/" + place)
        let sources = try all.filter { $0.hasSuffix(".swift") }.map { try Self.text(place + $0) }.joined()
        var count = 0
        for page in all where page.hasSuffix(".md") {
            for match in try Self.text(place + page).matches(of: /(?:^|[^`])``(\w+)``(?!`)/) where match.1 != "Persist"
            {
                let isThere = ["struct", "protocol", "enum", "class", "actor"].contains {
                    sources.contains("public \($0) \(match.1)")
                }
                #expect(isThere, "\(page) links to \(match.1)")
                count += 1
            }
        }
        #expect(count > 5)
    }
}
