internal import CLinux
import Glibc
internal import Persist

/// One file of `BodyFiles`, open for as long as somebody uses it: also after it has lost its name.
final class BodyFile: Sendable {
    private let descriptor: Int32
    private let path: String

    /// - Parameter creates: makes it where it is not there.
    init(_ path: String, creates: Bool) throws(StoreError) {
        self.path = path
        descriptor = open(path, O_RDWR | O_CLOEXEC | (creates ? O_CREAT : 0), 0o600)
        guard descriptor >= 0 else { throw StoreError.system(errno, "cannot open \(path)") }
    }

    deinit { close(descriptor) }

    /// All of it, or an error.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(StoreError) {
        var done = 0
        while done < bytes.count, let start = bytes.baseAddress {
            let count = pwrite(descriptor, start + done, bytes.count - done, off_t(offset) + off_t(done))
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw StoreError.system(count < 0 ? errno : ENOSPC, "cannot write \(path)") }
            done += count
        }
    }

    /// All of it, or an error: a file that ends before is damaged.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(StoreError) {
        var done = 0
        while done < buffer.count, let start = buffer.baseAddress {
            let count = pread(descriptor, start + done, buffer.count - done, off_t(offset) + off_t(done))
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw StoreError.system(errno, "cannot read \(path)") }
            guard count > 0 else { throw StoreError(.corrupt, hint: "\(path) is shorter than it has to be") }
            done += count
        }
    }

    /// fdatasync(2), which writes the size too.
    func sync() throws(StoreError) {
        guard fdatasync(descriptor) == 0 else { throw StoreError.system(errno, "cannot sync \(path)") }
    }

    /// The disk is given what is there now, so that `sync` has less to wait for.
    func startWriting(_ range: Range<Int64>) {
        clinux_start_writing(descriptor, range.lowerBound, range.upperBound - range.lowerBound)
    }

    /// The room of these bytes goes back to the disk; they read as zeros. Where the disk cannot do that, they stay.
    func punch(_ range: Range<Int64>) {
        _ = clinux_punch(descriptor, range.lowerBound, range.upperBound - range.lowerBound)
    }
}
