internal import Persist

/// A rule that a store or an adapter broke.
public struct CheckFailure: Error, CustomStringConvertible {
    public let text: String
    public let file: String
    public let line: Int

    public var description: String { "\(file):\(line): \(text)" }
}

func expect(
    _ condition: Bool, _ text: @autoclosure () -> String, file: String = #fileID, line: Int = #line
) throws {
    guard condition else { throw CheckFailure(text: text(), file: file, line: line) }
}

func expectEqual<Value: Equatable>(
    _ found: Value, _ expected: Value, _ text: @autoclosure () -> String, file: String = #fileID, line: Int = #line
) throws {
    try expect(found == expected, "\(text()): expected \(expected), found \(found)", file: file, line: line)
}

/// The body must throw a `StoreError` of this kind.
func expectError<Result>(
    _ kind: StoreError.Kind, _ text: @autoclosure () -> String, file: String = #fileID, line: Int = #line,
    _ body: () throws -> Result
) throws {
    do {
        _ = try body()
    } catch let error as StoreError {
        return try expect(
            error.kind == kind, "\(text()): expected .\(kind), found .\(error.kind) (\(error))", file: file, line: line)
    }
    throw CheckFailure(text: "\(text()): expected .\(kind), nothing was thrown", file: file, line: line)
}
