import Persist
import SQLiteStore
import Synchronization

/// Sends what the outbox holds: the shell of `UploadSchedule`, which decides what goes when.
final class Uploader: Sendable {
    private struct State {
        var schedule: UploadSchedule
        /// Entries that the schedule has not been told of.
        var inbox: [OutboxEntry] = []
        var inboxBytes: UInt64 = 0
        var timer: Task<Void, Never>?
        var lastLine = ""
        var isStopped = false
    }

    /// Nothing is begun before nothing has changed for so long: a program that writes a file mostly renames it, and sets
    /// its mode and times, right after; and one that writes many gets the processor for itself.
    private static let gatherMilliseconds: Int64 = 200
    /// But where changes come without end, or so much has come that sending it takes long whatever else goes on.
    private static let gatherMillisecondsMax: Int64 = 5_000
    private static let gatherBytesMax: UInt64 = 64 << 20

    private let store: SQLiteStore
    private let upload: Upload
    let bound: DirtyBound
    private let arrivals = Arrivals()
    /// How long programs wait for the far side.
    let waitMilliseconds: Int64
    private let log: @Sendable (String) -> Void
    private let state: Mutex<State>
    private let news: AsyncStream<Void>
    private let newsGiver: AsyncStream<Void>.Continuation
    private let start = ContinuousClock.now

    init(_ upload: Upload, store: SQLiteStore, options: WriteBackCacheOptions) {
        self.store = store
        self.upload = upload
        waitMilliseconds = options.waitMilliseconds
        bound = DirtyBound(
            bytesMax: options.dirtyBytesMax, waitMilliseconds: options.waitMilliseconds,
            freeBytes: { (try? store.statistics(countsNodes: false))?.bytesFree })
        log = options.log
        var limits = UploadLimits()
        limits.settleMilliseconds = options.settleMilliseconds
        limits.temporaryMilliseconds = options.temporaryMilliseconds
        limits.parallelMax = options.uploadsMax
        limits.bytesInFlightMax = options.uploadBytesMax
        state = Mutex(State(schedule: UploadSchedule(limits: limits, seed: .random(in: .min ... .max))))
        (news, newsGiver) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    private var now: Int64 { Int64((ContinuousClock.now - start) / .milliseconds(1)) }

    /// Begins to send. What an earlier mount has left is read first.
    func run() {
        bound.whileWaiting { [weak self] in self?.handle(.online) }
        Task.detached { [weak self] in await self?.upload.giveUpForgotten() }
        Task.detached { [weak self] in
            await self?.takeAll()
            guard let news = self?.news else { return }
            for await _ in news {
                await self?.gather()
                guard self?.isStopped == false else { return }
                self?.takeNews()
            }
        }
    }

    private var isStopped: Bool { state.withLock { $0.isStopped } }

    private func takeAll() async {
        var last: NodeID?
        while !isStopped {
            do throws(StoreError) {
                let piece = try store.outbox(after: last, limit: 1_000)
                guard let end = piece.last else { return }
                bound.noted(piece)
                take(piece)
                last = end.node
            } catch {
                tell("reading the outbox: \(error)")
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }

    /// From within the store's transactions: takes note, and returns.
    func noted(_ entries: [OutboxEntry]) {
        bound.noted(entries)
        let isFirst = state.withLock { state in
            defer {
                state.inbox += entries
                for entry in entries { state.inboxBytes &+= entry.bytes }
            }
            return state.inbox.isEmpty
        }
        // Whoever was told of the first takes all.
        if isFirst { newsGiver.yield() }
    }

    /// Waits until nothing changes any more, or there is no more time for it.
    private func gather() async {
        let end = now + Self.gatherMillisecondsMax
        var known = 0
        while now < end, !isStopped {
            let (count, bytes) = state.withLock { ($0.inbox.count, $0.inboxBytes) }
            guard count != known, bytes < Self.gatherBytesMax else { return }
            known = count
            try? await Task.sleep(for: .milliseconds(Self.gatherMilliseconds))
        }
    }

    /// Nobody writes to it any more. Any thread; returns at once.
    func writingEnded(_ id: NodeID) {
        let id = Int64(bitPattern: id.rawValue)
        // Of what it has not been told, it finds that out by itself.
        if state.withLock({ $0.schedule.isPending(id) }) { handle(.closed(id)) }
    }

    func takeNews() {
        take(
            state.withLock { state in
                defer { (state.inbox, state.inboxBytes) = ([], 0) }
                return state.inbox
            })
    }

    private func take(_ entries: [OutboxEntry]) {
        for entry in entries {
            let node = try? store.node(entry.node)
            let isLog = node?.isStream == true
            let bytes = isLog ? entry.bytes : node?.size ?? 0
            // A log is sent as it grows, whoever has it open.
            let isOpen = !isLog && store.isWriting(entry.node)
            handle(
                .dirty(
                    UploadItem(
                        id: Int64(bitPattern: entry.node.rawValue), generation: entry.generation, changed: now,
                        isOpenForWriting: isOpen,
                        isTemporary: node?.nameClass == .temporary && node?.isUnlinked == false,
                        bytes: bytes, bytesAtOnce: upload.bytesAtOnce(ofValue: bytes))))
            // Closed in between: that was said before there was anything to say it of.
            if isOpen, !store.isWriting(entry.node) { writingEnded(entry.node) }
        }
    }

    /// Sends all that is there now without waiting for it to settle.
    func hurry() {
        takeNews()
        handle(.hurry(nil))
    }

    /// Sends one node at once, and waits until the far side has this generation of it.
    func settle(_ id: NodeID, _ generation: Int64) async throws(StoreError) {
        try await arrivals.wait(for: id, generation, milliseconds: waitMilliseconds) {
            // It may have gone, or failed, before anybody waited for it.
            do throws(StoreError) {
                guard let entry = try store.outboxEntry(of: id) else {
                    return arrivals.arrived(id, through: generation)
                }
                take([entry])
                handle(.hurry([Int64(bitPattern: id.rawValue)]))
            } catch {
                arrivals.arrived(id, through: generation, failure: error)
            }
        }
    }

    /// Nothing starts any more.
    func stop() {
        let timer = state.withLock { state in
            state.isStopped = true
            _ = state.schedule.handle(.stop, now: now)
            defer { state.timer = nil }
            return state.timer
        }
        timer?.cancel()
        newsGiver.finish()
        arrivals.end()
        bound.end()
    }

    // MARK: What it is at

    /// Nothing is on its way.
    var isIdle: Bool { state.withLock { $0.schedule.isIdle } }
    var totals: UploadTotals { state.withLock { $0.schedule.pending } }

    func uploadState(of id: NodeID) -> (state: UploadState, inMilliseconds: Int64?)? {
        let now = now
        return state.withLock { state in
            guard let found = state.schedule.state(of: Int64(bitPattern: id.rawValue)) else { return nil }
            switch found.phase {
            case .waiting(let until): return (found, max(0, until - now))
            // One goes first, to see whether the far side is there again; the others follow.
            case .ready: return (found, state.schedule.pending.probeAt.map { max(0, $0 - now) })
            case .behind, .uploading: return (found, nil)
            }
        }
    }

    // MARK: The shell

    private func handle(_ event: UploadSchedule.Event) {
        let now = now
        let actions = state.withLock { state in
            let actions = state.schedule.handle(event, now: now)
            // Under the lock: the last time that was asked for is the one that counts.
            for case .wake(let time) in actions { wake(in: time - now, &state) }
            return actions
        }
        for action in actions {
            switch action {
            case .start(let id, let generation): send(id, generation)
            case .wake: break
            case .report(let isDown, let hint):
                log(isDown ? "the far side does not answer: \(hint ?? "")" : "the far side answers again")
            }
        }
    }

    private func wake(in milliseconds: Int64, _ state: inout State) {
        state.timer?.cancel()
        guard !state.isStopped else { return }
        state.timer = Task.detached { [weak self] in
            guard (try? await Task.sleep(for: .milliseconds(max(1, milliseconds)))) != nil else { return }
            self?.handle(.tick)
        }
    }

    /// What is wrong with many files is said once; `status` has it of each.
    private func tell(_ line: String) {
        let isNew = state.withLock { state in
            defer { state.lastLine = line }
            return state.lastLine != line
        }
        if isNew { log(line) }
    }

    private func send(_ id: Int64, _ generation: Int64) {
        Task.detached { [self] in
            let node = NodeID(UInt64(bitPattern: id))
            do throws(StoreError) {
                var upload = upload
                var isChanged = false
                upload.advanced = { [weak self] in self?.handle(.advanced(id)) }
                switch try await upload.send(node) {
                case .sent(let last): left(node, through: last)
                case .nothing: left(node, through: generation)
                case .changed: isChanged = true
                case .conflict(let yielded, let last):
                    let words = "what was here is \(Self.place(of: yielded))"
                    left(node, through: last, failure: StoreError(.io, hint: "changed on the far side; \(words)"))
                    log("changed here and on the far side: \(words)")
                }
                // Where it was changed by what came from the far side, no newer entry says so.
                let newer = isChanged ? try store.outboxEntry(of: node) : nil
                handle(.done(id, generation: generation))
                if let newer { take([newer]) }
            } catch {
                if !error.isTransient { arrivals.arrived(node, through: generation, failure: error) }
                handle(.failed(id, generation: generation, isTransient: error.isTransient, hint: "\(error)"))
                if !error.isTransient { tell("not sent: \(error)") }
            }
        }
    }

    private static func place(of yielded: Yielded) -> String {
        switch yielded {
        case .kept(let path): ".persist/conflicts/\(String(decoding: path, as: UTF8.self))"
        case .beside(let path): String(decoding: path, as: UTF8.self)
        }
    }

    /// What a node had up to then waits no more.
    private func left(_ node: NodeID, through generation: Int64, failure: StoreError? = nil) {
        bound.gone(node, through: generation)
        arrivals.arrived(node, through: generation, failure: failure)
    }
}
