import Glibc

/// What libFuzzer feeds: one binary, in which PERSISTFS_FUZZ_TARGET names the function under test.
///
/// Run by scripts/fuzz. A target returns, or stops the process with `found`.
enum FuzzTarget: String {
    case json, configuration, names, lines

    /// What the bytes come from is no part of the program: a wrong name is a mistake in the script.
    static let chosen: FuzzTarget = {
        let name = getenv("PERSISTFS_FUZZ_TARGET").map { String(cString: $0) } ?? ""
        guard let target = FuzzTarget(rawValue: name) else { found("there is no target “\(name)”") }
        return target
    }()

    func run(_ bytes: [UInt8]) {
        switch self {
        case .json: fuzzJSON(bytes)
        case .configuration: fuzzConfiguration(bytes)
        case .names: fuzzNames(bytes)
        case .lines: fuzzLines(bytes)
        }
    }
}

@c(LLVMFuzzerTestOneInput)
public func fuzzOneInput(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    FuzzTarget.chosen.run(Array(UnsafeBufferPointer(start: data, count: count)))
    return 0
}

/// Says what is wrong, and ends the process as libFuzzer takes for a crash.
func found(_ what: String) -> Never {
    let line = "FOUND: \(what)\n"
    _ = line.withCString { write(STDERR_FILENO, $0, strlen($0)) }
    abort()
}

/// Fails unless it is true.
func require(_ isTrue: Bool, _ what: @autoclosure () -> String) {
    guard !isTrue else { return }
    found(what())
}
