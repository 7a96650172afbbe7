import CFuse3
import Glibc
import Persist
import PersistVFS

/// One request of the kernel, on the thread that received it.
struct Request {
    private let pointer: fuse_req_t
    let service: Service

    init(_ pointer: fuse_req_t?) {
        self.pointer = pointer!
        service = Service.of(fuse_req_userdata(pointer))
    }

    var fileSystem: FileSystem { service.fileSystem }

    /// Who asks. Of pages that are written back it is nobody in particular.
    var caller: Caller {
        let context = fuse_req_ctx(pointer)!.pointee
        return Caller(uid: context.uid, gid: context.gid, umask: UInt16(truncatingIfNeeded: context.umask))
    }

    /// Whether a signal has come for who asks.
    var isInterrupted: Bool { fuse_req_interrupted(pointer) != 0 }

    /// Where READ and READDIR gather bytes: no longer than the kernel asked for.
    func buffer(_ bytes: Int) -> UnsafeMutableRawBufferPointer {
        let whole = Worker.current!.buffer
        return UnsafeMutableRawBufferPointer(rebasing: whole[..<min(bytes, whole.count)])
    }

    /// Whether who asks is being killed. Programs expect no EINTR of a regular file, but then none is left to see it.
    var isOfTheDying: Bool { isInterrupted && Dying.isDying(fuse_req_ctx(pointer).pointee.pid) }

    /// Runs an operation here and now, and answers with what it returned, or with the errno of its error.
    ///
    /// Where it misses something that is not on this machine, that is brought, and the operation run again by another
    /// thread: it, and `finish`, use nothing that lies in the kernel's message, and no buffer but one that they asked
    /// for themselves. Every StoreError on its way to a program passes here, and is told the log if it is worth a
    /// line (R11).
    ///
    /// - Parameters:
    ///   - subject: the file, or the name in a directory, that the log names where the error does not.
    ///   - afterwards: once it is answered.
    func answer<Value>(
        _ verb: StaticString, _ subject: Subject, _ operation: @escaping () throws(StoreError) -> Value,
        finish: @escaping (consuming Reply, Value) -> Void, afterwards: @escaping () -> Void = {}
    ) {
        answer(verb, subject, Patience(), operation, finish, afterwards)
    }

    /// The same where success has nothing to say.
    func answer(_ verb: StaticString, _ subject: Subject, _ operation: @escaping () throws(StoreError) -> Void) {
        answer(verb, subject, operation) { reply, _ in reply.done() }
    }

    /// How much longer a request may wait for what is absent.
    private struct Patience {
        var rounds = AbsentRequests.roundsMax
        /// From the first miss.
        var deadline: ContinuousClock.Instant?
    }

    private func answer<Value>(
        _ verb: StaticString, _ subject: Subject, _ patience: Patience,
        _ operation: @escaping () throws(StoreError) -> Value,
        _ finish: @escaping (consuming Reply, Value) -> Void, _ afterwards: @escaping () -> Void
    ) {
        let reply = Reply(pointer)
        let value: Value
        do throws(StoreError) {
            // For INTERRUPT; no longer than the operation, since answering frees the request.
            let worker = Worker.current
            worker?.request = pointer
            defer { worker?.request = nil }
            value = try operation()
        } catch {
            if let absence = error.absence, patience.rounds > 0 {
                reply.later()
                let deadline = patience.deadline ?? .now + (absence.waitMax ?? service.absentMax)
                let rest = Patience(rounds: patience.rounds - 1, deadline: deadline)
                let waiting = AbsentRequests.Waiting(deadline: deadline) {
                    isOfTheDying
                } again: {
                    answer(verb, subject, rest, operation, finish, afterwards)
                } fail: { error in
                    refuse(verb, subject, error, Reply(pointer))
                    afterwards()
                }
                return service.absent.wait(waiting, for: absence) { [service] in Worker(service).asCurrent($0) }
            }
            refuse(verb, subject, error, reply)
            return afterwards()
        }
        finish(reply, value)
        afterwards()
    }

    private func refuse(_ verb: StaticString, _ subject: Subject, _ error: StoreError, _ reply: consuming Reply) {
        if RefusalLog.isWorthALine(error) { service.refusals.note(verb, named(error, subject)) }
        reply.error(number(of: error, subject))
    }

    /// What a request is about.
    enum Subject {
        case node(fuse_ino_t)
        case name([UInt8], in: fuse_ino_t)
        case mount
    }

    /// A node that is gone is ESTALE: the name that led to it may lead to another by now, and on ESTALE the kernel
    /// looks it up again. It would believe ENOENT, and a name that is only replaced would seem to be missing (R3).
    private func number(of error: StoreError, _ subject: Subject) -> Int32 {
        if case .node = subject, error.kind == .notFound { return ESTALE }
        return errno(of: error)
    }

    /// Control files and creations that the store has not seen have no path there: they stay without a name.
    private func named(_ error: StoreError, _ subject: Subject) -> StoreError {
        guard error.key == nil else { return error }
        switch subject {
        case .mount: return error
        case .node(let node):
            guard let path = try? fileSystem.store.path(of: NodeID(node)) else { return error }
            return error.about(StoreKey(path))
        case .name(let name, let parent):
            guard let path = try? fileSystem.store.path(of: NodeID(parent)) else { return error }
            return error.about(StoreKey(path.isEmpty ? name : path + [UInt8(ascii: "/")] + name))
        }
    }

    /// Refuses without asking the filesystem.
    func refuse(_ number: Int32) { Reply(pointer).error(number) }

    /// The answer, for callers that have it at once.
    func reply() -> Reply { Reply(pointer) }
}
