internal import CLinux
import Glibc

/// A thread with a name that does something now and then, until it is told to stop.
final class Worker: @unchecked Sendable {  // the state is used with the lock held; the thread's id by `stop` alone
    private let lock = Lock()
    private var isStopping = false
    private var isWoken = false
    private var thread = pthread_t()
    private let name: String
    /// - Returns: milliseconds until it is to be called again, unless woken before.
    private let work: @Sendable () -> Int

    init(_ name: String, _ work: @escaping @Sendable () -> Int) {
        self.name = name
        self.work = work
    }

    /// Once, when whatever the work uses is there.
    func start() {
        let context = Unmanaged.passRetained(self).toOpaque()
        pthread_create(&thread, nil, workerMain, context)
    }

    func wake() {
        lock.lock()
        isWoken = true
        lock.wakeAll()
        lock.unlock()
    }

    /// The thread ends after what it does now; nobody waits for it.
    func end() {
        signal()
        pthread_detach(thread)
    }

    private func signal() {
        lock.lock()
        isStopping = true
        lock.wakeAll()
        lock.unlock()
    }

    /// Returns when the thread is gone. This or `end` is called once.
    func stop() {
        signal()
        pthread_join(thread, nil)
    }

    fileprivate func run() {
        clinux_name_thread(name)
        while true {
            let pause = work()
            lock.lock()
            if !isStopping && !isWoken { lock.wait(milliseconds: pause) }
            isWoken = false
            let ends = isStopping
            lock.unlock()
            if ends { return }
        }
    }
}

private func workerMain(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    Unmanaged<Worker>.fromOpaque(context!).takeRetainedValue().run()
    return nil
}
