/// What SQLite had done to a directory, in the order in which it was done.
enum DiskEvent: Sendable {
    /// A name that was not there; `file` is a number of its own.
    case create(String, file: Int)
    case delete(String)
    case write(file: Int, offset: Int, bytes: [UInt8])
    case truncate(file: Int, size: Int)
    case sync(file: Int)
    case syncDirectory
    /// Of the directory of the files in which long content lies.
    case syncBodies
}

/// A call that can be made to fail.
enum DiskCall: Sendable { case open, read, write, truncate, sync, delete }
