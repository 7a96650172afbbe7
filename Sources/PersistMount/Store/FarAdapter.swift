internal import Persist
internal import ProcessAdapter
internal import S3Adapter

/// The adapter of a far side, as a mount uses it.
enum FarAdapter: Sendable {
    case process(ProcessAdapter)
    case s3(S3Adapter)
    /// Of the program that mounts it.
    case given(any PersistAdapter)

    /// - Parameters:
    ///   - given: of a reference of the kind `.adapter`.
    ///   - directory: of the cache, which this process alone has.
    ///   - isForOneCommand: a person waits.
    /// - Throws: `.busy` where a process of an adapter that a killed mount has left does not end.
    static func open(
        _ reference: StoreReference, given: (any PersistAdapter)?, directory: CacheDirectory, isForOneCommand: Bool,
        log: @escaping @Sendable (String) -> Void
    ) throws(MountFailure) -> FarAdapter {
        switch reference.source {
        case .exec(let command, let place):
            var options = ProcessAdapterOptions()
            options.directory = place
            options.environment = reference.environment
            options.owner = directory.word
            if directory.isAfterKilled,
                let left = LeftChildren(of: directory.word).end(log: { log("adapter: \($0)") }).first
            {
                throw MountFailure(
                    ShownText.line(reference.shown),
                    "process \(left) of its adapter, which a mount that was killed has left, does not end",
                    hint: "What it is at could come after what is sent from now on. See: ps \(left)", status: .busy)
            }
            if isForOneCommand { options.startsInVainMax = 4 }
            return .process(ProcessAdapter(command: command, options: options) { log("adapter: \($0)") })
        case .s3(let options):
            do throws(StoreError) { return .s3(try S3Adapter(options) { log("s3: \($0)") }) } catch {
                throw MountFailure(error, about: reference.shown)
            }
        case .sqlite, .adapter:
            guard let given else { preconditionFailure("a mount of an adapter has one") }
            return .given(given)
        }
    }

    var adapter: any PersistAdapter {
        switch self {
        case .process(let adapter): adapter
        case .s3(let adapter): adapter
        case .given(let adapter): adapter
        }
    }

    /// What is wrong with the adapter's process.
    var trouble: Trouble? {
        if case .process(let adapter) = self { adapter.currentTrouble } else { nil }
    }

    /// How long what has been asked of it may go on when it is closed: an adapter of the program's own cannot be ended.
    var lingersMilliseconds: Int64 { if case .given = self { 60_000 } else { 1_000 } }

    /// - Parameter seconds: what a process may take to end what it is at; nil: its usual time.
    func close(seconds: Double?) async {
        switch self {
        case .process(let adapter): await adapter.close(seconds: seconds)
        case .s3(let adapter): await adapter.close()
        case .given: break
        }
    }
}
