import CFuse3
import Glibc
import Persist
import PersistVFS

/// Open files: OPEN, CREATE, READ, WRITE, FLUSH, FSYNC, RELEASE.
extension Callbacks {
    static func addFiles(to table: inout fuse_lowlevel_ops) {
        table.open = { request, node, info in
            let request = Request(request)
            let info = info!.pointee
            request.answer("open", .node(node)) { () throws(StoreError) in
                try request.fileSystem.open(NodeID(node), OpenFlags(linux: info.flags), request.caller)
            } finish: { reply, opened in
                guard !reply.opened(opened, info) else { return }
                request.fileSystem.release(NodeID(node), handle: opened.handle)
            }
        }
        table.create = { request, parent, name, mode, info in
            let request = Request(request)
            let info = info!.pointee
            let name = [UInt8](cString: name)
            request.answer("create", .name(name, in: parent)) { () throws(StoreError) in
                try request.fileSystem.create(
                    name, in: NodeID(parent), mode: UInt16(mode & 0o7777), OpenFlags(linux: info.flags), request.caller)
            } finish: { reply, made in
                let attributes = made.0
                var opened = made.1
                if request.service.canMapDirectFiles { opened.usesDirectIO = true }
                guard !reply.created(attributes, opened, info) else { return }
                request.fileSystem.release(attributes.id, handle: opened.handle)
            }
        }
        table.read = { request, node, size, offset, info in
            let request = Request(request)
            let handle = info!.pointee.fh
            request.answer("read", .node(node)) { () throws(StoreError) in
                let buffer = request.buffer(size)
                var output = OutputRawSpan(buffer: buffer, initializedCount: 0)
                try request.fileSystem.read(NodeID(node), handle: handle, at: UInt64(offset), into: &output)
                return UnsafeRawBufferPointer(rebasing: buffer[..<output.finalize(for: buffer)])
            } finish: { reply, bytes in
                reply.bytes(bytes)
            }
        }
        table.write = { request, node, bytes, count, offset, info in
            let request = Request(request)
            let info = info!.pointee
            let bytes = UnsafeRawBufferPointer(start: bytes, count: count)
            if info.writepage == 0, request.fileSystem.isLog(NodeID(node)) {
                let write = LogWrite(
                    node: NodeID(node), handle: info.fh, offset: UInt64(offset), bytes: Array(bytes),
                    caller: request.caller)
                return request.service.logs.write(request, node, write)
            }
            var kept: [UInt8]?
            request.answer("write", .node(node)) { () throws(StoreError) in
                func write(_ bytes: RawSpan) throws(StoreError) -> Int {
                    try request.fileSystem.write(
                        NodeID(node), handle: info.fh, at: UInt64(offset), bytes, fromCache: info.writepage != 0,
                        request.caller)
                }
                if let kept { return try write(kept.span.bytes) }
                do throws(StoreError) { return try write(bytes.bytes) } catch {
                    // It is run again when the message is gone.
                    if error.absence != nil { kept = Array(bytes) }
                    throw error
                }
            } finish: { reply, count in
                reply.written(count)
            }
        }
        table.flush = { request, node, info in
            let request = Request(request)
            let handle = info!.pointee.fh
            request.answer("close", .node(node)) { () throws(StoreError) in
                try request.fileSystem.flush(NodeID(node), handle: handle)
            }
        }
        table.fsync = { request, node, _, info in
            let request = Request(request)
            let handle = info!.pointee.fh
            // Once: what is written while the far side takes it is for the next fsync to wait for.
            var isDone = false
            request.answer("fsync", .node(node)) { () throws(StoreError) in
                if isDone { return }
                let settling = try request.fileSystem.fsync(NodeID(node), handle: handle)
                isDone = true
                if let settling { throw StoreError(absent: settling) }
            }
        }
        table.release = { request, node, info in
            let request = Request(request)
            let handle = info!.pointee.fh
            request.answer("release", .node(node)) { () throws(StoreError) in
                request.fileSystem.release(NodeID(node), handle: handle)
            }
        }
    }
}
