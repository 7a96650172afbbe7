import CFuse3
import CLinux
import Glibc
import Persist
import PersistVFS

/// Parts of files: FALLOCATE, LSEEK, COPY_FILE_RANGE.
extension Callbacks {
    static func addRanges(to table: inout fuse_lowlevel_ops) {
        table.fallocate = { request, node, mode, offset, length, info in
            let request = Request(request)
            let handle = info!.pointee.fh
            guard let allocation = Allocation(linux: mode) else { return request.refuse(EOPNOTSUPP) }
            request.answer("fallocate", .node(node)) { () throws(StoreError) in
                try request.fileSystem.fallocate(
                    NodeID(node), handle: handle, allocation, at: UInt64(offset), length: UInt64(length),
                    request.caller)
            }
        }
        table.lseek = { request, node, offset, whence, _ in
            let request = Request(request)
            guard let target = SeekTarget(linux: whence) else { return request.refuse(EINVAL) }
            guard offset >= 0 else { return request.refuse(ENXIO) }
            request.answer("lseek", .node(node)) { () throws(StoreError) in
                try request.fileSystem.seek(NodeID(node), to: target, from: UInt64(offset))
            } finish: { reply, place in
                reply.place(place)
            }
        }
        table.copy_file_range = { request, source, offset, _, target, start, info, count, _ in
            let request = Request(request)
            let handle = info!.pointee.fh
            request.answer("copy", .node(target)) { () throws(StoreError) in
                try request.copied(UInt64(count)) { (done) throws(StoreError) in
                    try request.fileSystem.copyRange(
                        from: NodeID(source), at: UInt64(offset) + done, to: NodeID(target), handle: handle,
                        at: UInt64(start) + done, count: UInt64(count) - done, request.caller)
                }
            } finish: { reply, count in
                reply.written(Int(count))
            }
        }
    }
}

extension Request {
    /// How long one COPY_FILE_RANGE goes on: the caller then comes again for the rest, and sees its signals.
    private static let copyingMax = Duration.milliseconds(500)

    /// Copies piece after piece. What has been copied counts, whatever comes then.
    fileprivate func copied(
        _ count: UInt64, _ piece: (UInt64) throws(StoreError) -> UInt64
    ) throws(StoreError) -> UInt64 {
        let start = ContinuousClock.now
        var done: UInt64 = 0
        while done < count {
            do throws(StoreError) {
                let copied = try piece(done)
                guard copied > 0 else { break }
                done += copied
            } catch {
                guard done > 0 else { throw error }
                break
            }
            if isInterrupted || ContinuousClock.now - start > Self.copyingMax { break }
        }
        return done
    }
}

extension Allocation {
    /// From the mode of fallocate(2); nil where it is not supported.
    init?(linux mode: Int32) {
        let keepsSize = mode & FALLOC_FL_KEEP_SIZE != 0
        switch mode & ~FALLOC_FL_KEEP_SIZE {
        case 0: self.init(.kept, keepsSize: keepsSize)
        case FALLOC_FL_ZERO_RANGE: self.init(.zeros, keepsSize: keepsSize)
        case FALLOC_FL_PUNCH_HOLE where keepsSize: self.init(.hole, keepsSize: true)
        default: return nil
        }
    }
}

extension SeekTarget {
    // <unistd.h> has them for _GNU_SOURCE alone.
    private static let linuxData: Int32 = 3
    private static let linuxHole: Int32 = 4

    /// From the whence of lseek(2).
    init?(linux whence: Int32) {
        switch whence {
        case Self.linuxData: self = .data
        case Self.linuxHole: self = .hole
        default: return nil
        }
    }
}
