internal import Glibc
internal import ProcessAdapter
internal import Synchronization
internal import WriteBackCache

/// Whether the far side of a mount that begins can be used, as far as that is known in a moment: who mounts with a wrong
/// password is told at once, and not by files that never arrive.
final class FirstWord: Sendable {
    private static let mostMilliseconds = 1_000
    private static let lookMicroseconds: UInt32 = 5_000

    private let opened: OpenedStore
    private let isOver = Atomic(false)

    init(_ opened: OpenedStore) { self.opened = opened }

    /// Waits for the first answer, a second at most. - Returns: what is wrong with the far side, in words; nil: nothing, it
    /// is slow, or there is none.
    func trouble() -> String? {
        guard let cache = opened.cache else { return nil }
        let deadline = ContinuousClock.now + .milliseconds(Self.mostMilliseconds)
        while !isOver.load(ordering: .relaxed), ContinuousClock.now < deadline {
            let contact = cache.contact
            if contact.hasAnswered { return nil }
            if let words = opened.trouble.map({ "the adapter does not run: \($0.words)" }) ?? contact.failure {
                let rest =
                    cache.knowsAllNames
                    ? "what is written waits here" : "what it has is not known, and nothing can be written before"
                return "the far side cannot be used yet: \(ShownText.line(words)); \(rest)"
            }
            usleep(Self.lookMicroseconds)
        }
        return nil
    }

    /// The mount has ended: nobody waits any more.
    func end() { isOver.store(true, ordering: .relaxed) }
}
