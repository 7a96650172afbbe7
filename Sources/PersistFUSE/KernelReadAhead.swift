import Glibc

/// How far the kernel reads files of a mount ahead, and how large its READs are.
///
/// INIT cannot say more than the 128 KiB that the kernel offers; /sys can, for root. A cold file is then read a quarter
/// to a half faster; with more than 512 KiB no faster, and a page fault of a mapped file reads as much around it.
enum KernelReadAhead {
    static let kibibytes = 512

    /// After the answer to INIT, which sets it.
    ///
    /// - Parameter device: `major:minor` of the mount. Where it may not be set, it stays as it is.
    static func raise(of device: String) {
        let setting = open("/sys/class/bdi/\(device)/read_ahead_kb", O_WRONLY | O_CLOEXEC)
        guard setting >= 0 else { return }
        defer { close(setting) }
        let text = "\(kibibytes)"
        _ = write(setting, text, text.utf8.count)
    }
}
