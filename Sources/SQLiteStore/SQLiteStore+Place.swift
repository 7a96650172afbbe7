import Glibc
internal import Persist
import Synchronization

/// A store's file that is not where it was when it was opened.
public enum Displacement: Sendable, Equatable {
    case moved(String)
    /// Without a name; where what it holds will be saved.
    case gone(rescue: String)
}

/// What becomes of a store whose file is moved, removed or replaced while it is open.
///
/// Moved: it is written on, and what is in the WAL is brought into the file at once and again, so that nothing is lost
/// with the old name. Without a name: nothing more is written, since it would be gone at the end; what is there is
/// saved at the end.
extension SQLiteStore {
    /// Where the file is now, if it is not where it was; nil where all is well.
    public var displacement: Displacement? {
        lookForFile()
        return switch serving.whereabouts?.place ?? .inPlace {
        case .inPlace: nil
        case .moved(let new): .moved(new)
        case .gone: .gone(rescue: serving.whereabouts?.rescueTargets().first ?? "")
        }
    }

    /// After `close`: what the user must know of the end; nil where all is where it should be.
    public var farewell: String? { serving.farewell.withLock { $0 } }

    /// In words for a person.
    var displacementNote: String? { words(serving.whereabouts?.place ?? .inPlace) }

    private func words(_ place: Whereabouts.Place) -> String? {
        switch place {
        case .inPlace: nil
        case .moved(let new):
            "the store's file was moved to \(new): it is written on there. Open it there only after it is unmounted"
        case .gone(let isReplaced):
            "the store's file was \(isReplaced ? "replaced by another" : "removed"): nothing more is written. "
                + "Unmounting saves what it held to a file *.rescued"
        }
    }

    /// Part of the look at what others do.
    func lookForFile() {
        guard let place = serving.whereabouts?.look() else {
            // What came meanwhile under the old name.
            if case .moved = serving.whereabouts?.place, !isReadOnly { serving.checkpointer?.runIfAny() }
            return
        }
        options.log(words(place) ?? "the store's file is where it was again")
        if case .gone = place {
            writer.refuse(StoreError(.io, hint: words(place)))
        } else {
            writer.refuse(nil)
        }
        if place != .inPlace, !isReadOnly { serving.checkpointer?.runIfAny() }
    }

    /// The last of a store that is not where it was: SQLite itself would leave the WAL under the old name.
    /// - Parameter isLast: nobody else has it open.
    func endDisplaced(isLast: Bool) {
        guard !isReadOnly, let place = serving.whereabouts?.place, place != .inPlace else { return }
        switch place {
        case .inPlace: return
        case .moved(let new):
            if serving.checkpointer?.finish() == true {
                serving.farewell.withLock { $0 = nil }
                options.log("all that was written is in \(new)")
                if isLast {
                    removeCompanions()
                    opening.bodyFiles.move(beside: new)
                }
            } else {
                say("the store's file is \(new); the last changes are in \(path)-wal: put that beside it as \(new)-wal")
            }
        case .gone(let isReplaced):
            let what = "the store's file was \(isReplaced ? "replaced by another" : "removed") while it was open"
            guard isLast else { return say("\(what); another process has it open still") }
            guard let rescued = rescue() else {
                return say("\(what), and what it held could not be saved: there was no place for it")
            }
            say("\(what)\(Self.rescuedWords)\(rescued)")
            // Another database has the name now, and would take the WAL for its own.
            _ = serving.checkpointer?.finish()
            removeCompanions()
        }
    }

    /// Unless another program has them open: a new store may have been made under the old name.
    private func removeCompanions() {
        guard others.processes()?.isEmpty != false, lockFile?.isShared != true else { return }
        serving.whereabouts?.removeCompanions()
    }

    private func say(_ words: String) {
        serving.farewell.withLock { $0 = words }
        options.log(words)
    }

    /// In the last words of a store whose file is gone, before the path of what was saved.
    public static var rescuedWords: String { ": what it held is in " }

    private func rescue() -> String? {
        for target in serving.whereabouts?.rescueTargets() ?? [] {
            let partial = target + ".part"
            Glibc.unlink(partial)
            defer { Glibc.unlink(partial) }
            do throws(StoreError) {
                // SQLite takes an empty file; what it makes itself others may read.
                let made = Glibc.open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
                guard made >= 0 else { throw StoreError.system(errno, "cannot make \(partial)") }
                Glibc.close(made)
                try writer.use { db throws(StoreError) in _ = try db.run("VACUUM INTO ?", Text(partial)) }
                try BodyCopy(files: opening.bodyFiles, log: options.log).bring(into: partial)
                try Self.syncFile(partial, O_RDONLY)
                guard Glibc.link(partial, target) == 0 || Glibc.rename(partial, target) == 0 else {
                    throw StoreError.system(errno, "cannot make \(target)")
                }
                try Self.syncFile(Location.split(target).directory, O_RDONLY | O_DIRECTORY)
                return target
            } catch {
                options.log("\(target): \(error)")
            }
        }
        return nil
    }
}
