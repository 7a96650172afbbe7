import Foundation

/// How much the tests do: `scripts/test --long` sets PERSISTFS_TEST_LONG, and each number can be set alone.
enum TestSize {
    private static let environment = ProcessInfo.processInfo.environment
    static let isLong = environment["PERSISTFS_TEST_LONG"].map { !$0.isEmpty } ?? false

    /// - Parameter variable: overrides both.
    static func number(_ variable: String, _ short: Int, long: Int) -> Int {
        environment[variable].flatMap { Int($0) } ?? (isLong ? long : short)
    }

    /// Of random tests; PERSISTFS_SEED runs one seed alone.
    static func seeds(_ count: Int) -> [UInt32] {
        if let given = environment["PERSISTFS_SEED"].flatMap({ UInt32($0) }) { return [given] }
        return (0..<count).map { _ in .random(in: 0...UInt32.max) }
    }
}
