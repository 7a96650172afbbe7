import Dispatch

/// Runs tasks that block on a thread of their own: the pool, which is as wide as the machine, is for those that wait for
/// nothing.
final class BlockingExecutor: TaskExecutor {
    private let queue = DispatchQueue(label: "blocking")

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
