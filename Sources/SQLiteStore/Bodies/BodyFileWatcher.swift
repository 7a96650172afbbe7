internal import Persist

/// What is done to the files of STORE-bodies.
enum BodyFileCall {
    case create(Int64)
    case write(Int64, at: Int64, UnsafeRawBufferPointer)
    /// From here on these bytes are zeros, or what they were.
    case punch(Int64, Range<Int64>)
    case sync(Int64)
    case delete(Int64)
    /// The directory's names.
    case syncNames
}

/// Sees each call, and may refuse it. A disk of a test is one.
protocol BodyFileWatcher: Sendable {
    func perform(_ call: BodyFileCall, _ body: () throws(StoreError) -> Void) throws(StoreError)
}
