import Persist

/// Owner, group, mode: who may do what, where the kernel does not check it itself (path_resolution(7)).
///
/// Supplementary groups are not known here; mounts for several users use default_permissions, where the kernel
/// checks with all groups.
struct Permissions: Sendable {
    let isChecked: Bool

    struct Access: OptionSet, Sendable {
        let rawValue: UInt16
        static let read = Access(rawValue: 4)
        static let write = Access(rawValue: 2)
        static let search = Access(rawValue: 1)
    }

    func applies(to caller: Caller) -> Bool { isChecked && caller.uid != 0 }

    /// - Throws: `.accessDenied`.
    func require(_ access: Access, of file: Attributes, _ caller: Caller) throws(StoreError) {
        guard applies(to: caller) else { return }
        let shift: UInt16 = caller.uid == file.uid ? 6 : caller.gid == file.gid ? 3 : 0
        guard (file.mode >> shift) & access.rawValue == access.rawValue else { throw StoreError(.accessDenied) }
    }

    /// chmod, and utimes to a given time.
    /// - Throws: `.notPermitted`.
    func requireOwner(of file: Attributes, _ caller: Caller) throws(StoreError) {
        guard !applies(to: caller) || caller.uid == file.uid else { throw StoreError(.notPermitted) }
    }

    /// chown(2): only root gives a file away; an owner may give it to the own group.
    /// - Throws: `.notPermitted`.
    func requireChange(of file: Attributes, uid: UInt32?, gid: UInt32?, _ caller: Caller) throws(StoreError) {
        guard applies(to: caller) else { return }
        guard caller.uid == file.uid, uid == nil || uid == file.uid, gid == nil || gid == file.gid || gid == caller.gid
        else { throw StoreError(.notPermitted) }
    }

    /// The sticky bit: a name goes only by the owner of the file or the directory.
    /// - Throws: `.notPermitted`.
    func requireRemoval(of file: Attributes, in directory: Attributes, _ caller: Caller) throws(StoreError) {
        guard applies(to: caller), directory.mode & 0o1000 != 0 else { return }
        guard caller.uid == file.uid || caller.uid == directory.uid else { throw StoreError(.notPermitted) }
    }
}
