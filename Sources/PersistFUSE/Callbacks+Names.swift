import CFuse3
import Glibc
import Persist
import PersistVFS

/// Names: LOOKUP, MKDIR, MKNOD, SYMLINK, READLINK, LINK, UNLINK, RMDIR, RENAME.
extension Callbacks {
    static func addNames(to table: inout fuse_lowlevel_ops) {
        table.lookup = { request, parent, name in
            Callbacks.lookup(Request(request), [UInt8](cString: name), NodeID(parent))
        }
        table.mkdir = { request, parent, name, mode in
            let request = Request(request)
            let name = [UInt8](cString: name)
            request.answer("mkdir", .name(name, in: parent)) { () throws(StoreError) in
                try request.fileSystem.mkdir(
                    name, in: NodeID(parent), mode: UInt16(mode & 0o7777), request.caller)
            } finish: { reply, made in
                reply.entry(made)
            }
        }
        table.mknod = { request, parent, name, mode, device in
            let request = Request(request)
            guard let kind = Node.Kind(mode: mode) else { return request.refuse(EINVAL) }
            let name = [UInt8](cString: name)
            request.answer("mknod", .name(name, in: parent)) { () throws(StoreError) in
                try request.fileSystem.mknod(
                    name, in: NodeID(parent), kind: kind, mode: UInt16(mode & 0o7777), device: UInt64(device),
                    request.caller)
            } finish: { reply, made in
                reply.entry(made)
            }
        }
        table.symlink = { request, target, parent, name in
            let request = Request(request)
            let target = [UInt8](cString: target)
            let name = [UInt8](cString: name)
            request.answer("symlink", .name(name, in: parent)) { () throws(StoreError) in
                try request.fileSystem.symlink(target, name, in: NodeID(parent), request.caller)
            } finish: { reply, made in
                reply.entry(made)
            }
        }
        table.readlink = { request, node in
            let request = Request(request)
            request.answer("readlink", .node(node)) { () throws(StoreError) in
                try request.fileSystem.readlink(NodeID(node))
            } finish: { reply, target in
                reply.target(target)
            }
        }
        table.link = { request, node, parent, name in
            let request = Request(request)
            let name = [UInt8](cString: name)
            request.answer("link", .name(name, in: parent)) { () throws(StoreError) in
                do throws(StoreError) {
                    return try request.fileSystem.link(NodeID(node), name, in: NodeID(parent), request.caller)
                } catch {
                    // git tries it for every object before it renames: not worth a line each.
                    throw error.kind == .notPermitted ? StoreError(.notPermitted) : error
                }
            } finish: { reply, made in
                reply.entry(made)
            }
        }
        table.unlink = { request, parent, name in
            let request = Request(request)
            let name = [UInt8](cString: name)
            request.answer("unlink", .name(name, in: parent)) { () throws(StoreError) in
                try request.fileSystem.unlink(name, in: NodeID(parent), request.caller)
            }
        }
        table.rmdir = { request, parent, name in
            let request = Request(request)
            let name = [UInt8](cString: name)
            request.answer("rmdir", .name(name, in: parent)) { () throws(StoreError) in
                try request.fileSystem.rmdir(name, in: NodeID(parent), request.caller)
            }
        }
        table.rename = { request, parent, name, newParent, newName, flags in
            let request = Request(request)
            guard let mode = Rename.Mode(linux: flags) else { return request.refuse(EINVAL) }
            let name = [UInt8](cString: name)
            let newName = [UInt8](cString: newName)
            request.answer("rename", .name(name, in: parent)) { () throws(StoreError) in
                try request.fileSystem.rename(
                    name, in: NodeID(parent), to: newName, in: NodeID(newParent), mode: mode, request.caller)
            }
        }
    }

    private static func lookup(_ request: Request, _ name: [UInt8], _ parent: NodeID) {
        let notifier = request.service.notifier
        notifier.asked(parent)
        request.answer("lookup", .name(name, in: parent.rawValue)) { () throws(StoreError) -> Attributes? in
            do throws(StoreError) {
                switch name {
                // Only NFS asks for these (EXPORT_SUPPORT).
                case [UInt8(ascii: ".")]: return try request.fileSystem.getattr(parent)
                case [UInt8(ascii: "."), UInt8(ascii: ".")]:
                    return try request.fileSystem.getattr(request.fileSystem.parent(of: parent))
                default: return try request.fileSystem.lookup(name, in: parent, request.caller)
                }
            } catch {
                // A name that is missing in `.persist/` may come without notice.
                guard error.kind == .notFound, !FileSystem.isVolatile(parent) else { throw error }
                return nil
            }
        } finish: { reply, found in
            guard let found else { return reply.noEntry() }
            reply.entry(found)
        } afterwards: {
            notifier.answered(parent)
        }
    }
}

extension Rename.Mode {
    /// From the flags of renameat2(2); RENAME_WHITEOUT is for overlays.
    init?(linux flags: UInt32) {
        switch flags {
        case 0: self = .replace
        case 1: self = .noReplace
        case 2: self = .exchange
        default: return nil
        }
    }
}
