import CFuse3
import Glibc
import Persist
import PersistVFS

/// The answer that a request still owes the kernel: exactly one, for without it the program that asked sleeps for ever.
///
/// A reply that is dropped answers EIO. Errors of answering are those of the connection (ENOENT where the request was
/// interrupted, ENODEV where the mount is gone): nobody is left to be told, unless the method returns whether it came
/// through.
struct Reply: ~Copyable {
    private let request: fuse_req_t

    init(_ request: fuse_req_t) { self.request = request }

    deinit { fuse_reply_err(request, EIO) }

    consuming func error(_ number: Int32) {
        let request = taken()
        fuse_reply_err(request, number)
    }

    consuming func done() { error(0) }

    /// The request is kept, to be answered by another reply.
    consuming func later() { _ = taken() }

    consuming func attributes(_ attributes: Attributes) {
        let request = taken()
        var stat = attributes.stat
        fuse_reply_attr(request, &stat, attributes.timeout)
    }

    consuming func entry(_ attributes: Attributes) {
        let request = taken()
        var entry = attributes.entry
        fuse_reply_entry(request, &entry)
    }

    /// No such name; the kernel need not ask again before it is told.
    consuming func noEntry() {
        let request = taken()
        var entry = fuse_entry_param()
        entry.entry_timeout = keptSeconds
        fuse_reply_entry(request, &entry)
    }

    /// - Returns: false where nobody waits for the open file any more: the kernel will not release it.
    consuming func opened(_ opened: Opened, _ info: fuse_file_info) -> Bool {
        let request = taken()
        var info = info
        opened.apply(to: &info)
        return fuse_reply_open(request, &info) != -ENOENT
    }

    /// - Returns: as `opened`.
    consuming func created(_ attributes: Attributes, _ opened: Opened, _ info: fuse_file_info) -> Bool {
        let request = taken()
        var entry = attributes.entry
        var info = info
        opened.apply(to: &info)
        return fuse_reply_create(request, &entry, &info) != -ENOENT
    }

    consuming func openedDirectory(_ info: fuse_file_info) {
        let request = taken()
        var info = info
        fuse_reply_open(request, &info)
    }

    consuming func written(_ count: Int) {
        let request = taken()
        fuse_reply_write(request, count)
    }

    /// Where lseek(2) is then; ENXIO where there is nothing to be found.
    consuming func place(_ place: UInt64?) {
        let request = taken()
        if let place { fuse_reply_lseek(request, off_t(clamping: place)) } else { fuse_reply_err(request, ENXIO) }
    }

    consuming func bytes(_ bytes: UnsafeRawBufferPointer) {
        let request = taken()
        fuse_reply_buf(request, bytes.bindMemory(to: CChar.self).baseAddress, bytes.count)
    }

    consuming func target(_ target: [UInt8]) {
        let request = taken()
        (target + [0]).withUnsafeBytes { bytes in
            _ = fuse_reply_readlink(request, bytes.bindMemory(to: CChar.self).baseAddress)
        }
    }

    /// An extended attribute, or the list of them: its length where `size` is 0, ERANGE where it is too small.
    consuming func attribute(_ value: [UInt8], size: Int) {
        let request = taken()
        if size == 0 {
            fuse_reply_xattr(request, value.count)
        } else if size < value.count {
            fuse_reply_err(request, ERANGE)
        } else {
            value.withUnsafeBytes { bytes in
                _ = fuse_reply_buf(request, bytes.bindMemory(to: CChar.self).baseAddress, bytes.count)
            }
        }
    }

    consuming func statistics(_ statistics: StoreStatistics) {
        let request = taken()
        var result = statistics.statvfs
        fuse_reply_statfs(request, &result)
    }

    private consuming func taken() -> fuse_req_t {
        let request = request
        discard self
        return request
    }
}
