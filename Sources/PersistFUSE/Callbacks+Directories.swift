import CFuse3
import Glibc
import Persist
import PersistVFS

/// Directories: OPENDIR, READDIR, READDIRPLUS, FSYNCDIR; and STATFS.
extension Callbacks {
    static func addDirectories(to table: inout fuse_lowlevel_ops) {
        // Cookies need no open directory. Told so once, the kernel never asks again, and keeps listings by itself.
        table.opendir = { request, _, _ in Request(request).refuse(ENOSYS) }
        table.readdir = { request, node, size, offset, _ in
            Callbacks.list(Request(request), NodeID(node), size, UInt64(bitPattern: Int64(offset)), isPlus: false)
        }
        table.readdirplus = { request, node, size, offset, _ in
            Callbacks.list(Request(request), NodeID(node), size, UInt64(bitPattern: Int64(offset)), isPlus: true)
        }
        table.fsyncdir = { request, node, _, _ in
            let request = Request(request)
            request.answer("fsync", .node(node)) { () throws(StoreError) in
                try request.fileSystem.fsyncdir(NodeID(node))
            }
        }
        table.statfs = { request, _ in
            let request = Request(request)
            request.answer("statfs", .mount) { () throws(StoreError) in
                try request.fileSystem.statfs()
            } finish: { reply, statistics in
                reply.statistics(statistics)
            }
        }
    }

    private static func list(_ request: Request, _ directory: NodeID, _ size: Int, _ cookie: UInt64, isPlus: Bool) {
        let notifier = request.service.notifier
        notifier.asked(directory)
        request.answer("readdir", .node(directory.rawValue)) { () throws(StoreError) in
            var buffer = DirectoryBuffer(request.buffer(size), isPlus: isPlus)
            try buffer.fill(request.fileSystem, directory, after: cookie)
            return buffer.bytes
        } finish: { reply, bytes in
            reply.bytes(bytes)
        } afterwards: {
            notifier.answered(directory)
        }
    }
}
