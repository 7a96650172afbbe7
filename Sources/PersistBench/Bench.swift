internal import Glibc

/// Measures one workload at one place, or reports what many such runs have measured. scripts/bench runs it.
@main
enum Bench {
    static func main() {
        do throws(Failure) {
            let text = try Workloads(words: Array(CommandLine.arguments.dropFirst())).run()
            if !text.isEmpty { say(text) }
        } catch {
            print(to: 2, "persistfs-bench: \(error.text)\n")
            exit(1)
        }
    }

    /// A line, or a text that has its end.
    static func say(_ text: String) { print(to: 1, text.hasSuffix("\n") ? text : text + "\n") }

    private static func print(to descriptor: Int32, _ text: String) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let done = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            guard done > 0 else { exit(1) }
            bytes = bytes.dropFirst(done)
        }
    }
}
