import Glibc
import Testing

/// Whether the tests may mount a disk of their own, or act as another user.
let isRoot = geteuid() == 0

/// Fails where `actual` is another than `expected`, and shows both: `#expect` shows no value that was awaited.
func expect<Value: Equatable>(
    _ actual: Value, is expected: Value, _ about: @autoclosure () -> String = "",
    sourceLocation: SourceLocation = #_sourceLocation
) {
    guard actual != expected else { return }
    Issue.record("\(about()) is\n\(actual)\nnot\n\(expected)", sourceLocation: sourceLocation)
}
