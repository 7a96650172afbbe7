internal import Glibc

/// Reads a directory, as du, find and file managers do: all of it, and then about each name.
struct Listing {
    let directory: String

    enum Extent {
        case firstName
        case names
        case attributes
    }

    /// One sample: all of it. The rate is names a second.
    func run(_ extent: Extent) throws(Failure) -> String {
        var samples = Samples(count: 1)
        samples.begin()
        guard let stream = opendir(directory) else { throw Failure(call: "opendir", on: directory) }
        defer { closedir(stream) }
        var names: [CChar] = []
        var starts: [Int] = []
        while let entry = readdir(stream) {
            let offset = MemoryLayout<dirent>.offset(of: \.d_name)!
            let name = (UnsafeRawPointer(entry) + offset).assumingMemoryBound(to: CChar.self)
            if name[0] == 0x2E { continue }
            starts.append(names.count)
            names.append(contentsOf: UnsafeBufferPointer(start: name, count: strlen(name) + 1))
            if extent == .firstName { break }
        }
        if extent == .attributes {
            let descriptor = dirfd(stream)
            var status = Glibc.stat()
            let failed = names.withUnsafeBufferPointer { bytes in
                starts.first { fstatat(descriptor, bytes.baseAddress! + $0, &status, AT_SYMLINK_NOFOLLOW) != 0 }
            }
            if failed != nil { throw Failure(call: "fstatat", on: directory) }
        }
        samples.end()
        guard !starts.isEmpty else { throw Failure("\(directory) is empty") }
        samples.add(samples.total)
        return samples.line(units: Double(starts.count))
    }
}
