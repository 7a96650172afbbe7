import Glibc
public import Persist
import Synchronization

/// A far side on a bad day, in front of a good one: it loses requests and answers, is late, answers twice, has no room,
/// is down. By a seed.
///
/// It can what the good one can: `FourMethods` takes that away.
public final class UnreliableAdapter: PersistAdapter {
    /// What several of them were asked, and what became of it, in order: for a failing test to print.
    public final class History: Sendable {
        private let lines = Mutex<[String]>([])
        public init() {}
        public func note(_ line: String) { lines.withLock { $0.append(line) } }
        public func lines(with word: String) -> [String] { lines.withLock { $0 }.filter { $0.contains(word) } }
    }

    public struct Faults: Sendable {
        /// Of a hundred requests: never done, and an error.
        public var lost = 0
        /// Done, and an error all the same.
        public var answerLost = 0
        /// Done twice.
        public var twice = 0
        /// Refused for good: `.quotaExceeded`.
        public var refused = 0
        /// Each waits up to so long.
        public var latenessMilliseconds = 0
        /// Whoever asks is cut off at this one of the requests that change something, counted from 1: before it is done, or
        /// after.
        public var cutAt: Int?
        public var cutsAfter = false
        /// Nothing is done, and each request fails.
        public var isDown = false

        public init() {}
    }

    struct State {
        var faults = Faults()
        var random: SplitMix64
        var requests = 0
        var gets = 0
        var puts: [StoreKey: Int] = [:]
        var ranges: [StoreKey: [Range<UInt64>]] = [:]
        var parts: [StoreKey: [Int]] = [:]
        var attributeChanges: [StoreKey: Int] = [:]
        var attributesAsked = 0
        var underWay = 0
        var mostUnderWay = 0
        var isCut = false
        var changes = 0
        var doing = 0
    }

    let far: any PersistAdapter
    let state: Mutex<State>

    let history: History?

    public init(_ far: any PersistAdapter, seed: UInt64, faults: Faults = Faults(), history: History? = nil) {
        self.far = far
        self.history = history
        state = Mutex(State(faults: faults, random: SplitMix64(seed: seed)))
    }

    public var faults: Faults {
        get { state.withLock { $0.faults } }
        set { state.withLock { $0.faults = newValue } }
    }

    public var isCut: Bool { state.withLock { $0.isCut } }

    /// Whoever asks is gone: what has not been done yet never will be. Waits for what is being done this moment.
    public func cut() {
        state.withLock { $0.isCut = true }
        while state.withLock({ $0.doing }) > 0 { usleep(100) }
    }

    /// All that were asked, whatever became of them.
    public var requests: Int { state.withLock { $0.requests } }
    public var gets: Int { state.withLock { $0.gets } }
    /// How often each key was put.
    public var puts: [StoreKey: Int] { state.withLock { $0.puts } }
    public var mostUnderWay: Int { state.withLock { $0.mostUnderWay } }

    public func get(_ key: StoreKey) async throws -> [UInt8]? {
        state.withLock { $0.gets += 1 }
        return try await ask(key) { [history] far in
            let value = try await far.get(key)
            history?.note("get \(key): \(value.map { String(decoding: $0, as: UTF8.self).debugDescription } ?? "nil")")
            return value
        }
    }

    public func put(_ key: StoreKey, _ value: [UInt8]) async throws {
        state.withLock { $0.puts[key, default: 0] += 1 }
        try await ask(key, isChange: true) { [history] far in
            history?.note("put \(key): \(String(decoding: value, as: UTF8.self).debugDescription)")
            try await far.put(key, value)
        }
    }

    public func delete(_ key: StoreKey) async throws {
        try await ask(key, isChange: true) { [history] far in
            history?.note("delete \(key)")
            try await far.delete(key)
        }
    }

    public func list(_ prefix: StoreKey) async throws -> any AsyncSequence<StoreEntry, any Error> & Sendable {
        try await ask(prefix) { try await $0.list(prefix) }
    }

    private enum Fate { case done, lost, answerLost, twice, refused }

    func ask<R: Sendable>(
        _ key: StoreKey, isChange: Bool = false, _ body: @Sendable (any PersistAdapter) async throws -> R
    ) async throws -> R {
        let (fate, late) = state.withLock { state -> (Fate, Int) in
            state.requests += 1
            state.underWay += 1
            state.mostUnderWay = max(state.mostUnderWay, state.underWay)
            let faults = state.faults
            let late =
                faults.latenessMilliseconds > 0 ? Int(state.random.next() % UInt64(faults.latenessMilliseconds)) : 0
            if faults.isDown { return (.lost, late) }
            var roll = Int(state.random.next() % 100)
            for (share, fate) in [
                (faults.lost, Fate.lost), (faults.answerLost, .answerLost), (faults.twice, .twice),
                (faults.refused, .refused),
            ] {
                if roll < share { return (fate, late) }
                roll -= share
            }
            return (.done, late)
        }
        defer { state.withLock { $0.underWay -= 1 } }
        if late > 0 { try await Task.sleep(for: .milliseconds(late)) }
        switch fate {
        case .lost: throw StoreError(.timedOut, key: key, hint: "the far side is down")
        case .refused: throw StoreError(.quotaExceeded, key: key, hint: "the far side has no room")
        case .done: return try await does(key, isChange: isChange, body)
        case .twice:
            _ = try await does(key, isChange: isChange, body)
            return try await does(key, isChange: isChange, body)
        case .answerLost:
            _ = try await does(key, isChange: isChange, body)
            throw StoreError(.timedOut, key: key, hint: "the answer was lost")
        }
    }

    /// Unless it has been cut off before.
    private func does<R: Sendable>(
        _ key: StoreKey, isChange: Bool, _ body: @Sendable (any PersistAdapter) async throws -> R
    ) async throws -> R {
        let (isCut, isLast) = state.withLock { state -> (Bool, Bool) in
            guard !state.isCut else { return (true, false) }
            if isChange { state.changes += 1 }
            let isLast = isChange && state.changes == state.faults.cutAt
            if isLast { state.isCut = true }
            guard !isLast || state.faults.cutsAfter else { return (true, false) }
            state.doing += 1
            return (false, isLast)
        }
        guard !isCut else { throw StoreError(.interrupted, key: key, hint: "cut off") }
        defer { state.withLock { $0.doing -= 1 } }
        let answer = try await body(far)
        if isLast { throw StoreError(.interrupted, key: key, hint: "cut off") }
        return answer
    }
}
