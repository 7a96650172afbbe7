/// Something that this machine does not have, and can bring from the far side.
///
/// A local store throws `.absent` with one before its first effect. Whoever runs the operation awaits `bring` and runs
/// it again: a miss is a page fault. What was brought stays at least until then.
public protocol Absence: Sendable {
    /// Returns when it is here, or when what can be known of it is known: then the operation will not miss it again.
    ///
    /// Where several operations miss the same thing it is brought once, for all of them.
    /// - Throws: `.timedOut` where the far side does not answer, or what it answered.
    func bring() async throws(StoreError)

    /// How long who misses it waits at most; nil: as long as the mount says.
    var waitMax: Duration? { get }
}

extension Absence {
    public var waitMax: Duration? { nil }
}
