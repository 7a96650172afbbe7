import Glibc
import PersistTestKit
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

extension MountFixture {
    /// Fails where SQL finds other rows. The store of a far side, which is no SQLite file, is not asked.
    func expectRows(
        _ query: String, is expected: String, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        guard !Self.isOfFarSide else { return }
        expect(try await sql(query), is: expected, query, sourceLocation: sourceLocation)
    }
}
