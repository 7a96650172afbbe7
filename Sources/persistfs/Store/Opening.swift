import Glibc
import Persist
import PersistMount
import SQLiteStore

/// Opens a store for the commands that need no mount.
enum Opening {
    /// - Throws: `.store` where there is none.
    static func existing(_ store: String) throws -> SQLiteStore { try open(store, creates: false) }

    /// For commands that only read: a store on a read-only disk, or of another user, will do.
    static func readable(_ store: String) throws -> SQLiteStore { try open(store, creates: false, onlyReads: true) }

    static func made(_ store: String) throws -> SQLiteStore { try open(store, creates: true) }

    private static func open(_ store: String, creates: Bool, onlyReads: Bool = false) throws -> SQLiteStore {
        let reference = try StoreReference.parse(store)
        for warning in reference.warnings { Standard.error("warning: \(warning)") }
        var options = options(for: reference, onlyReads: onlyReads)
        options.createsIfMissing = creates
        return try OpenStore.open(reference, options)
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
