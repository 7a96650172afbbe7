public import Persist

/// A store that takes random steps, and the reference that takes the same ones, for tests that break the ground
/// under the store: what must be there afterwards is what the reference has.
///
/// Each step is at most one transaction, so that there is nothing in between two of them.
public struct FollowedStore {
    public enum Outcome: Sendable {
        /// Both did the same.
        case done
        /// The disk's fault, says the store; the reference was not asked.
        case failed(StoreError.Kind)
        /// In words.
        case disagreement(String)
    }

    private var generator: OperationGenerator
    private var reference: StoreSide
    private var subject: StoreSide
    private var waiting: [StoreOperation] = []
    /// Slots whose draft is kept.
    private var kept: Set<Int> = []
    private var steps = 0

    public init(_ factory: LocalStoreFactory, seed: UInt64) throws {
        generator = OperationGenerator(seed: seed, canReopen: factory.reopen != nil, hasOthers: false)
        reference = try StoreSide(.memory)
        subject = try StoreSide(factory)
    }

    public var store: any LocalStore { subject.client.store }
    public var referenceStore: any LocalStore { reference.client.store }

    /// What the next process must find if the store's ends now.
    public func referenceAfterCrash() throws -> any LocalStore {
        try LocalStoreFactory.memory.reopen.map { try $0(reference.client.store) } ?? reference.client.store
    }

    /// A kept draft that has been written since shows the newer bytes after a crash, and is kept again by the next
    /// step, which `next` gives: what must be found is what the reference has after that.
    public private(set) var isKeptAgainNext = false

    /// Makes up a step; `take` does it.
    public mutating func next() throws -> StoreOperation {
        if !waiting.isEmpty { return waiting.removeFirst() }
        let operation = generator.next(
            paths: steps % 10 == 0 ? try StoreView.paths(in: reference.client) : nil)
        // What would take several transactions is done in several steps.
        switch operation {
        case .openDraft: waiting = [.dropDraft(1), operation]
        case .keepTail(let slot, _, _):
            waiting = [operation]
            return .dropTail(slot)
        default: return operation
        }
        return .dropDraft(0)
    }

    public mutating func take(_ operation: StoreOperation) -> Outcome {
        let before = subject
        do {
            let found = try subject.run(operation, step: steps)
            if let kind = Self.faults.first(where: { found == "refused: \($0)" }) {
                subject = before
                return .failed(kind)
            }
            let expected = try reference.run(operation, step: steps)
            steps += 1
            follow(operation, found)
            return found == expected ? .done : .disagreement("\(operation): \(found), and not \(expected)")
        } catch {
            return .disagreement("\(operation): \(error)")
        }
    }

    private static let faults = [StoreError.Kind.io, .full, .corrupt, .timedOut]

    private mutating func follow(_ operation: StoreOperation, _ found: String) {
        isKeptAgainNext = false
        switch operation {
        case .keepDraft(let slot): kept.insert(slot)
        case .openDraft(let slot, _): kept.remove(slot)
        case .dropDraft(let slot): kept.remove(slot)
        case .publishDraft(let slot): if found.hasPrefix("published") { kept.remove(slot) }
        case .reopen: kept = []
        case .writeChunk(let slot, _, _), .writeEnd(let slot, _, _, _), .patchChunk(let slot, _, _, _, _),
            .cutDraft(let slot, _), .punchDraft(let slot, _):
            guard kept.contains(slot) else { return }
            waiting.insert(.keepDraft(slot), at: 0)
            isKeptAgainNext = true
        default: break
        }
    }
}
