import Persist
import PersistTestKit
import Synchronization
import Testing

@testable import PersistFUSE

@Suite struct AbsentRequestTests {
    private struct Brought: Absence {
        func bring() async throws(StoreError) {}
    }

    private struct Never: Absence {
        func bring() async throws(StoreError) {
            while !Task.isCancelled { try? await Task.sleep(for: .seconds(1)) }
        }
    }

    /// A request of the kernel is freed when it is answered.
    private final class Asked: Sendable {
        private let state = Mutex((answers: 0, looksAfter: 0))
        private let isDying: Bool
        let error = Mutex<StoreError.Kind?>(nil)

        init(isDying: Bool = false) { self.isDying = isDying }

        var answers: Int { state.withLock { $0.answers } }
        var looksAfter: Int { state.withLock { $0.looksAfter } }

        func waiting(_ deadline: ContinuousClock.Instant = .now + .seconds(3_600)) -> AbsentRequests.Waiting {
            AbsentRequests.Waiting(deadline: deadline) { [self] in
                state.withLock { if $0.answers > 0 { $0.looksAfter += 1 } }
                return isDying
            } again: { [self] in
                state.withLock { $0.answers += 1 }
            } fail: { [self] failure in
                error.withLock { $0 = failure.kind }
                state.withLock { $0.answers += 1 }
            }
        }
    }

    @Test("a request that has been answered is not looked at any more: it has been freed")
    func freed() async throws {
        let requests = AbsentRequests()
        let asked = (0..<20_000).map { _ in Asked() }
        // Others are there all the time, so that there is something to look at.
        let others = (0..<20).map { _ in Asked() }
        for other in others { requests.wait(other.waiting(), for: Never()) { $0() } }
        for (number, request) in asked.enumerated() {
            requests.wait(request.waiting(), for: Brought()) { $0() }
            if number % 100 == 0 { try await Task.sleep(for: .milliseconds(1)) }
        }
        try await eventually("all are answered", within: .seconds(60)) { asked.allSatisfy { $0.answers > 0 } }
        requests.end()
        #expect(asked.allSatisfy { $0.answers == 1 && $0.looksAfter == 0 })
        #expect(others.allSatisfy { $0.answers == 1 })
    }

    @Test("whose time is over, and whose caller is being killed, is answered though nothing comes")
    func givenUp() async throws {
        let requests = AbsentRequests()
        let (late, dying, other) = (Asked(), Asked(isDying: true), Asked())
        requests.wait(late.waiting(.now + .milliseconds(200)), for: Never()) { $0() }
        requests.wait(dying.waiting(), for: Never()) { $0() }
        requests.wait(other.waiting(), for: Never()) { $0() }
        try await eventually("both are given up", within: .seconds(20)) { late.answers + dying.answers == 2 }
        #expect(late.error.withLock { $0 } == .timedOut && dying.error.withLock { $0 } == .interrupted)
        #expect(other.answers == 0)
        requests.end()
        #expect(other.answers == 1 && other.error.withLock { $0 } == .io)
    }
}
