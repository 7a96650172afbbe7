internal import Glibc
internal import Linux
internal import Synchronization

/// Asks a filesystem something that it may never answer.
enum Deadline {
    /// What `question` says, within `seconds`; nil past that.
    ///
    /// It runs on a thread of its own, which is left behind where it hangs, and ends with the process.
    static func ask<Answer: Sendable>(seconds: Int, _ question: @escaping @Sendable () -> Answer) -> Answer? {
        let slot = Slot<Answer>()
        OwnThread.start("question") {
            let answer = question()
            slot.value.withLock { $0 = answer }
        }.detach()
        let deadline = ContinuousClock.now + .seconds(seconds)
        var round = 0
        while ContinuousClock.now < deadline {
            if let answer = slot.value.withLock({ $0 }) { return answer }
            usleep(round < 20 ? 100 : 1000)
            round += 1
        }
        return slot.value.withLock { $0 }
    }

    private final class Slot<Answer: Sendable>: Sendable {
        let value = Mutex<Answer?>(nil)
    }
}
