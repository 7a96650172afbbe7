import Foundation
import DictionaryStorage
import PersistMount

/// `memory-mount DIR`
@main
struct MemoryMount {
    static func main() async {
        let arguments = CommandLine.arguments
        guard arguments.count == 2 else { fail("usage: memory-mount DIR") }
        do {
            try await Mount(DictionaryAdapter(), name: "memory").run(at: arguments[1]) { print($0) }
        } catch {
            fail("\(error)")
        }
    }

    private static func fail(_ words: String) -> Never {
        FileHandle.standardError.write(Data("memory-mount: \(words)\n".utf8))
        exit(1)
    }
}
