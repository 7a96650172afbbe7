internal import Glibc
internal import Persist

/// The shell around `RequestMachine`: one thread that owns the child, feeds its input and reads its outputs, by
/// poll(2). Nothing else touches them, so there is nothing to lock but the inbox.
struct ChildKeeper {
    private let command: [String]
    private let options: ProcessAdapterOptions
    private let inbox: Inbox
    private let trouble: TroubleNote
    private let log: @Sendable (String) -> Void
    private var machine: RequestMachine
    private var jobs: [UInt64: Job] = [:]
    private var child: Child?
    private var hasEnded = false
    private var outgoing = OutgoingLines()
    private var lines: LineSplitter
    private var errorLines: LineSplitter
    /// What the child said last on its standard error: often why it ended.
    private var lastError = ""
    private var isStopped = false
    private var block = [UInt8](repeating: 0, count: 256 << 10)

    init(
        command: [String], options: ProcessAdapterOptions, inbox: Inbox, trouble: TroubleNote,
        log: @escaping @Sendable (String) -> Void
    ) {
        self.command = command
        self.options = options
        self.inbox = inbox
        self.trouble = trouble
        self.log = log
        machine = RequestMachine(options: options, seed: UInt64.random(in: 0...UInt64.max), now: .now)
        lines = LineSplitter(bytesMax: options.lineBytesMax, .refused)
        errorLines = LineSplitter(bytesMax: options.logLineBytesMax, .cut)
    }

    /// Until it is closed and the child is gone.
    mutating func run() {
        // A child that is gone is EPIPE, not the end of this process.
        var pipeSignal = sigset_t()
        sigemptyset(&pipeSignal)
        sigaddset(&pipeSignal, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &pipeSignal, nil)
        while !isStopped {
            waitForSomething()
            for order in inbox.take() { obey(order) }
            if hasEnded { childHasEnded() }
            if let next = machine.nextInstant, next <= .now { handle(.time) }
            trouble.set(machine.lastingTrouble)
        }
        for order in inbox.finish() {
            if case .ask(_, let job) = order { job.fail(inbox.refusal) }
        }
    }

    private mutating func obey(_ order: Inbox.Order) {
        switch order {
        case .ask(let id, let job):
            jobs[id] = job
            handle(.asked(id, job.request.kind))
        case .drop(let id):
            guard let job = jobs.removeValue(forKey: id) else { return }
            job.fail(StoreError(.interrupted, hint: "the request was given up"))
            handle(.dropped(id))
        case .room(let id): handle(.room(id))
        case .ended: hasEnded = true
        case .close(let patience):
            if let patience { machine.closePatience = patience }
            handle(.close)
        }
    }

    // MARK: Events and actions

    private mutating func handle(_ event: RequestMachine.Event, with answer: Answer.Content? = nil, bytes: Int = 0) {
        for action in machine.handle(event, now: .now) {
            switch action {
            case .start: start()
            case .send(let id): outgoing.append(id)
            case .deliver(let id): if let answer { deliver(answer, to: id, bytes: bytes) }
            case .fail(let id, let kind, let hint):
                jobs.removeValue(forKey: id)?.fail(StoreError(kind, hint: hint))
            case .closeInput: outgoing.isClosing = true
            case .signal(let signal): child?.signal(signal == .kill ? SIGKILL : SIGTERM)
            case .log(let text): log("\(command[0]): \(text)")
            case .stop: isStopped = true
            }
        }
    }

    private mutating func start() {
        outgoing = OutgoingLines()
        lines = LineSplitter(bytesMax: options.lineBytesMax, .refused)
        errorLines = LineSplitter(bytesMax: options.logLineBytesMax, .cut)
        hasEnded = false
        lastError = ""
        do throws(SystemFailure) {
            var environment = options.environment
            environment[ProcessAdapterOptions.ownerVariable] = options.owner
            child = try Child(command: command, in: options.directory, environment: environment) { [inbox] in
                inbox.post(.ended)
            }
            handle(.started)
        } catch {
            handle(.notStarted(reason: error.text))
        }
    }

    /// The entries came before it: who gives them here has misread what is asked for, and they must not be nothing.
    private static func endsList(_ result: ArraySlice<UInt8>) -> Bool {
        let content = result.filter { !" \t\r\n".utf8.contains($0) }
        return content == Array("{}".utf8) || content.first != UInt8(ascii: "{") && content.first != UInt8(ascii: "[")
    }

    private mutating func deliver(_ content: Answer.Content, to id: UInt64, bytes: Int) {
        guard let job = jobs[id] else { return }
        switch (job.caller, content) {
        case (.list(let buffer), .item(let key, let value)):
            switch buffer.push(ListBuffer.Item(key: key, value: value, bytes: bytes)) {
            case .full: handle(.full(id))
            case .hopeless: handle(.hopeless(id))
            case .room, nil: break
            }
        case (.list(let buffer), .done(let result)) where Self.endsList(result):
            buffer.finish(nil)
            jobs[id] = nil
        case (.list(let buffer), _):
            buffer.finish(ProcessAdapter.error(of: content, to: job.request))
            jobs[id] = nil
        case (.one(let reply), _):
            reply.finish(.success(content))
            jobs[id] = nil
        }
    }

    // MARK: The child's descriptors

    private mutating func waitForSomething() {
        let writes = !outgoing.isEmpty
        if outgoing.isClosing && !writes { child?.input = nil }
        var polls = [
            pollfd(fd: inbox.bell, events: Int16(POLLIN), revents: 0),
            pollfd(fd: child?.input?.number ?? -1, events: writes ? Int16(POLLOUT) : 0, revents: 0),
            pollfd(fd: isReading ? child?.output?.number ?? -1 : -1, events: Int16(POLLIN), revents: 0),
            pollfd(fd: child?.errors?.number ?? -1, events: Int16(POLLIN), revents: 0),
        ]
        guard poll(&polls, nfds_t(polls.count), milliseconds(until: machine.nextInstant)) > 0 else { return }
        if polls[1].revents != 0 { write() }
        if polls[2].revents != 0 { _ = readOutput() }
        if polls[3].revents != 0 { _ = readErrors() }
    }

    private var isReading: Bool {
        // What a child says that has been given up counts no more; it must not wait for us to take it, either.
        if case .ending = machine.child { true } else { machine.isReading }
    }

    private func milliseconds(until instant: RequestMachine.Instant?) -> Int32 {
        guard let instant else { return -1 }
        let (seconds, attoseconds) = (instant - .now).components
        let milliseconds = seconds * 1_000 + attoseconds / 1_000_000_000_000_000 + 1
        return Int32(max(0, min(milliseconds, 60_000)))
    }

    private mutating func write() {
        guard let number = child?.input?.number else { return }
        // Where there is nothing to write, poll(2) tells only that nobody reads.
        if !outgoing.isEmpty, outgoing.write(to: number, { id in jobs[id]?.request.line(id: id) }) == .done { return }
        child?.input = nil
        outgoing = OutgoingLines()
        handle(.hungUp)
    }

    /// - Returns: whether there may be more.
    private mutating func readOutput() -> Bool {
        guard let number = child?.output?.number else { return false }
        let count = read(number, &block, block.count)
        guard count > 0 else { return count < 0 && errno == EINTR || hungUp(count) }
        let taken = block
        let isWell = taken.withUnsafeBytes { bytes in
            // Taken out while what it finds is dealt with, which is the business of all of this.
            var splitter = lines
            lines = LineSplitter(bytesMax: 0, .refused)
            defer { lines = splitter }
            return splitter.append(UnsafeRawBufferPointer(rebasing: bytes[..<count])) { line in
                receive(line)
                return true
            }
        }
        if !isWell { handle(.broke(reason: "it wrote a line of more than \(options.lineBytesMax) bytes")) }
        return true
    }

    private mutating func hungUp(_ count: Int) -> Bool {
        guard count == 0 else { return false }
        child?.output = nil
        handle(.hungUp)
        return false
    }

    private mutating func receive(_ line: [UInt8]) {
        guard machine.hears else { return }
        do throws(Answer.Unreadable) {
            let answer = try Answer(line: line)
            if case .item = answer.content {
                handle(.item(answer.id), with: answer.content, bytes: line.count + 128)
            } else {
                handle(.answered(answer.id), with: answer.content)
            }
        } catch {
            let shown = String(decoding: line.prefix(200), as: UTF8.self)
            handle(.broke(reason: "it wrote what \(error.reason): \(shown)"))
        }
    }

    private mutating func readErrors() -> Bool {
        guard let number = child?.errors?.number else { return false }
        let count = read(number, &block, block.count)
        guard count > 0 else {
            if count == 0 { child?.errors = nil }
            return false
        }
        var lines: [[UInt8]] = []
        _ = block.withUnsafeBytes { bytes in
            errorLines.append(UnsafeRawBufferPointer(rebasing: bytes[..<count])) { line in
                lines.append(line)
                return true
            }
        }
        lines.forEach { logError($0) }
        return true
    }

    private mutating func logError(_ line: [UInt8]) {
        guard !line.isEmpty else { return }
        lastError = String(decoding: line, as: UTF8.self)
        log("\(command[0]): \(lastError)")
    }

    /// What it had said before counts; then the next one may come.
    private mutating func childHasEnded() {
        hasEnded = false
        child?.signal(SIGKILL)
        // No more than a pipe holds: whoever else has it open does not keep this thread.
        for _ in 0..<8 where readOutput() {}
        for _ in 0..<8 where readErrors() {}
        logError(errorLines.takeRest())
        outgoing = OutgoingLines()
        guard let end = child?.reap() else { return }
        child = nil
        handle(.ended(reason: lastError.isEmpty ? "it \(end)" : "it \(end): \(lastError.prefix(200))"))
    }
}
