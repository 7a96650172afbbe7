import ArgumentParser
import Glibc
import Persist
import PersistMount
import SQLiteStore

/// Opens a store for the commands that need no mount.
enum Opening {
    /// - Throws: `.store` where there is none.
    static func existing(_ store: String) throws -> SQLiteStore { try open(store, onlyReads: false) }

    /// For commands that only read: a store on a read-only disk, or of another user, will do.
    static func readable(_ store: String) throws -> SQLiteStore { try open(store, onlyReads: true) }

    private static func open(_ store: String, onlyReads: Bool) throws -> SQLiteStore {
        let reference = try reference(store)
        return try OpenStore.open(reference, options(for: reference, onlyReads: onlyReads))
    }

    /// For ls, get, put and rm, which a store with a far side has too.
    static func values(
        of store: String, creates: Bool = false, onlyReads: Bool = false, _ far: FarOptions
    ) throws -> CommandStore {
        let reference = try reference(store)
        var options = options(for: reference, onlyReads: onlyReads)
        options.createsIfMissing = creates
        return try CommandStore.open(
            reference, options, cacheDirectory: far.cacheDirectory.map(PathText.absolute)
        ) { Standard.error($0) }
    }

    private static func reference(_ store: String) throws -> StoreReference {
        let reference = try StoreReference.parse(store)
        for warning in reference.warnings { Standard.error("warning: \(warning)") }
        return reference
    }

    static func options(for reference: StoreReference, onlyReads: Bool) -> SQLiteStoreOptions {
        var options = SQLiteStoreOptions()
        // Where it can be written, it is taken part in: what a crash left is recovered, what others wrote folded in.
        options.isReadOnly = onlyReads && access(reference.path, F_OK) == 0 && access(reference.path, W_OK) != 0
        options.createsIfMissing = false
        // A command that is over at once keeps no reserve.
        options.reserveBytes = 0
        if let milliseconds = reference.busyMilliseconds { options.limits.busyMilliseconds = milliseconds }
        options.log = { Standard.error($0) }
        return options
    }
}

/// Of commands that open a store with a far side.
struct FarOptions: ParsableArguments {
    @Option(
        name: .customLong("cache-dir"),
        help: ArgumentHelp("exec, s3: where the local copies lie, as -o cache_dir= of mount.", valueName: "DIR"),
        completion: .directory)
    var cacheDirectory: String?
}
