internal import Persist

/// Runs a random sequence on a store and on the reference, and compares after each step.
///
/// What a step touched is compared at once, everything every hundred steps and at the end. On a disagreement the
/// sequence is shrunk, and what is thrown prints a test.
public struct RandomOperations: Sendable {
    public let subject: LocalStoreFactory

    public init(on subject: LocalStoreFactory) {
        self.subject = subject
    }

    /// - Throws: `Disagreement`.
    public func run(seed: UInt64, count: Int) throws {
        var generator = OperationGenerator(
            seed: seed, canReopen: subject.reopen != nil, hasOthers: subject.foreign != nil)
        var pair = try StorePair(subject)
        var operations: [StoreOperation] = []
        for step in 0..<count {
            let operation = generator.next(paths: step % 10 == 0 ? try StoreView.paths(in: pair.reference.client) : nil)
            operations.append(operation)
            var difference = try pair.step(operation, step)
            if difference == nil, step % 100 == 99 || step == count - 1 { difference = try pair.compareAll() }
            guard var difference else { continue }
            pair.close()
            operations = try shrink(operations, &difference)
            throw Disagreement(seed: seed, operations: operations, text: difference, subject: subject.name)
        }
        pair.close()
    }

    /// Runs a sequence that once disagreed.
    public func replay(_ operations: [StoreOperation]) throws {
        if let text = try disagreement(of: operations) {
            throw Disagreement(seed: nil, operations: operations, text: text, subject: subject.name)
        }
    }

    /// Compares what each step touches, and everything at the end.
    private func disagreement(of operations: [StoreOperation]) throws -> String? {
        var pair = try StorePair(subject)
        defer { pair.close() }
        for (step, operation) in operations.enumerated() {
            if let difference = try pair.step(operation, step) { return difference }
        }
        return try pair.compareAll()
    }

    /// Leaves out ever smaller parts, as long as what is left still disagrees; at most 300 runs.
    private func shrink(_ operations: [StoreOperation], _ text: inout String) throws -> [StoreOperation] {
        var operations = operations
        var part = max(1, operations.count / 2)
        var runs = 0
        while runs < 300 {
            var start = 0
            var isShorter = false
            while start < operations.count, runs < 300 {
                var fewer = operations
                fewer.removeSubrange(start..<min(start + part, fewer.count))
                runs += 1
                if let difference = try disagreement(of: fewer) {
                    operations = fewer
                    text = difference
                    isShorter = true
                } else {
                    start += part
                }
            }
            if part == 1 && !isShorter { break }
            part = max(1, part / 2)
        }
        return operations
    }
}

/// Two stores that came to disagree, and the shortest way found there.
public struct Disagreement: Error, CustomStringConvertible {
    public let seed: UInt64?
    public let operations: [StoreOperation]
    public let text: String
    public let subject: String

    public var description: String {
        """
        \(subject) disagrees with the reference\(seed.map { ", seed \($0)" } ?? ""):
        \(text)
        try RandomOperations(on: subject).replay([
        \(operations.map { "    \($0)," }.joined(separator: "\n"))
        ])
        """
    }
}

/// The reference and the store that is judged by it.
struct StorePair {
    var reference: StoreSide
    var subject: StoreSide

    init(_ factory: LocalStoreFactory) throws {
        reference = try StoreSide(.memory)
        subject = try StoreSide(factory)
    }

    /// - Returns: what they disagree on.
    mutating func step(_ operation: StoreOperation, _ step: Int) throws -> String? {
        let expected = try reference.run(operation, step: step)
        let found = try subject.run(operation, step: step)
        if let difference = Self.difference([expected], [found]) { return "\(operation):\n\(difference)" }
        for path in operation.paths {
            let expected = try StoreView.path(path, in: reference.client)
            let found = try StoreView.path(path, in: subject.client)
            if let difference = Self.difference([expected], [found]) { return "after \(operation):\n\(difference)" }
        }
        return nil
    }

    func compareAll() throws -> String? {
        try Self.difference(
            StoreView.tree(in: reference.client) + reference.slots(),
            StoreView.tree(in: subject.client) + subject.slots())
    }

    func close() {
        reference.client.store.close()
        subject.client.store.close()
    }

    private static func difference(_ expected: [String], _ found: [String]) -> String? {
        guard expected != found else { return nil }
        let missing = expected.filter { !found.contains($0) }.map { "  expected: \($0)" }
        let added = found.filter { !expected.contains($0) }.map { "  found:    \($0)" }
        return (missing + added).joined(separator: "\n")
    }
}
