import Foundation

/// The numbers of the random tests, and where their seeds come from.
enum RandomOperations {
    private static let environment = ProcessInfo.processInfo.environment
    static let isLong = environment["PERSISTFS_TEST_LONG"].map { !$0.isEmpty } ?? false

    /// PERSISTFS_SEED runs one seed alone.
    static func seeds(_ count: Int) -> [UInt32] {
        if let given = environment["PERSISTFS_SEED"].flatMap({ UInt32($0) }) { return [given] }
        return (0..<count).map { _ in .random(in: 0...UInt32.max) }
    }
}
