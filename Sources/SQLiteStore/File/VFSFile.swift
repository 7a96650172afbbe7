internal import CSQLite

/// An open file of a store, between SQLite and the VFS's own file: it writes a transaction's frames to the WAL at once,
/// reads pages of large values ahead, and keeps a read lock for a moment that is likely to be taken again.
///
/// Used by whoever has the connection, as SQLite does itself.
final class VFSFile {
    /// What SQLite sees: its methods, and the address of this object.
    static let headerBytes = 16

    let real: UnsafeMutablePointer<sqlite3_file>
    fileprivate let realMethods: UnsafePointer<sqlite3_io_methods>
    fileprivate var frames: GatheredFrames?
    private var readLock = ReadLock()
    fileprivate var ahead = ReadAhead()

    init(_ real: UnsafeMutablePointer<sqlite3_file>, isWAL: Bool) {
        self.real = real
        realMethods = real.pointee.pMethods
        if isWAL { frames = GatheredFrames() }
    }

    /// The file behind a database of ours.
    static func of(_ db: OpaquePointer) -> VFSFile? {
        var file: UnsafeMutablePointer<sqlite3_file>?
        guard sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file) == SQLITE_OK, let file,
            file.pointee.pMethods == methods
        else { return nil }
        return file.vfsFile
    }

    /// SQLite's file is in use from here on, until it is closed.
    func attach(to file: UnsafeMutablePointer<sqlite3_file>) {
        UnsafeMutableRawPointer(file).storeBytes(
            of: UnsafeRawPointer(Unmanaged.passRetained(self).toOpaque()), toByteOffset: 8, as: UnsafeRawPointer.self)
        file.pointee.pMethods = methods
    }

    // MARK: The WAL

    fileprivate func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) -> Int32 {
        ahead.drop()
        guard frames != nil else {
            return realMethods.pointee.xWrite(real, bytes.baseAddress, Int32(bytes.count), offset)
        }
        return frames!.write(bytes, at: offset) { [real, realMethods] part, offset in
            realMethods.pointee.xWrite(real, part.baseAddress, Int32(part.count), offset)
        }
    }

    /// Before anything else is done with the file.
    fileprivate func flush() -> Int32 {
        guard frames?.isEmpty == false else { return SQLITE_OK }
        return frames!.flush { [real, realMethods] part, offset in
            realMethods.pointee.xWrite(real, part.baseAddress, Int32(part.count), offset)
        }
    }

    // MARK: The database

    /// A part of a value of so many bytes is read next, and then so many bytes of others: what they lie on is read ahead
    /// until `endReadingAhead`, within one read transaction.
    func readAhead(_ valueBytes: Int, _ part: Range<Int>, more: Int) { ahead.begin(valueBytes, part, more: more) }

    func endReadingAhead() { ahead.end() }

    fileprivate func read(_ buffer: UnsafeMutableRawPointer, _ count: Int32, at offset: Int64) -> Int32 {
        let isThere = ahead.read(buffer, Int(count), at: offset) { [real, realMethods] window, count, offset in
            realMethods.pointee.xRead(real, window, count, offset) == SQLITE_OK
        }
        return isThere ? SQLITE_OK : realMethods.pointee.xRead(real, buffer, count, offset)
    }

    // MARK: Locks

    /// Whether a read lock may stay behind when its transaction ends, until the next one or `releaseReadLock`.
    var keepsReadLock: Bool {
        get { readLock.isKept }
        set { readLock.isKept = newValue }
    }

    func releaseReadLock() {
        guard let slot = readLock.release() else { return }
        _ = realMethods.pointee.xShmLock(real, slot, 1, SQLITE_SHM_UNLOCK | SQLITE_SHM_SHARED)
    }

    fileprivate func lock(_ slot: Int32, _ count: Int32, _ flags: Int32) -> Int32 {
        // A snapshot begins or ends.
        ahead.drop()
        switch readLock.asked(slot, count, flags) {
        case .answer(let code): return code
        case .pass(let released):
            if let released {
                _ = realMethods.pointee.xShmLock(real, released, 1, SQLITE_SHM_UNLOCK | SQLITE_SHM_SHARED)
            }
            return realMethods.pointee.xShmLock(real, slot, count, flags)
        }
    }

    /// Frames that are left belong to no transaction: what is committed has been written.
    fileprivate func close() -> Int32 {
        let code = realMethods.pointee.xClose(real)
        UnsafeMutableRawPointer(real).deallocate()
        Unmanaged.passUnretained(self).release()
        return code
    }
}

extension UnsafeMutablePointer where Pointee == sqlite3_file {
    fileprivate var vfsFile: VFSFile {
        Unmanaged<VFSFile>.fromOpaque(UnsafeRawPointer(self).load(fromByteOffset: 8, as: UnsafeRawPointer.self))
            .takeUnretainedValue()
    }
}

/// Made once, before anyone reads it, and never changed. Version 2: without memory maps of the file.
private nonisolated(unsafe) let methods: UnsafePointer<sqlite3_io_methods> = {
    /// Everything but writing is done with the WAL as SQLite knows it.
    func flushed(_ file: UnsafeMutablePointer<sqlite3_file>?, _ body: (VFSFile) -> Int32) -> Int32 {
        let file = file!.vfsFile
        let code = file.flush()
        return code == SQLITE_OK ? body(file) : code
    }
    var methods = sqlite3_io_methods()
    methods.iVersion = 2
    methods.xClose = { $0!.vfsFile.close() }
    methods.xRead = { file, buffer, count, offset in
        flushed(file) { $0.read(buffer!, count, at: offset) }
    }
    methods.xWrite = { file, buffer, count, offset in
        file!.vfsFile.write(UnsafeRawBufferPointer(start: buffer, count: Int(count)), at: offset)
    }
    methods.xTruncate = { file, size in
        file!.vfsFile.ahead.drop()
        return flushed(file) { $0.realMethods.pointee.xTruncate($0.real, size) }
    }
    methods.xSync = { file, flags in flushed(file) { $0.realMethods.pointee.xSync($0.real, flags) } }
    methods.xFileSize = { file, size in flushed(file) { $0.realMethods.pointee.xFileSize($0.real, size) } }
    methods.xFileControl = { file, operation, argument in
        flushed(file) { $0.realMethods.pointee.xFileControl($0.real, operation, argument) }
    }
    methods.xLock = { $0!.vfsFile.realMethods.pointee.xLock($0!.vfsFile.real, $1) }
    methods.xUnlock = { $0!.vfsFile.realMethods.pointee.xUnlock($0!.vfsFile.real, $1) }
    methods.xCheckReservedLock = { $0!.vfsFile.realMethods.pointee.xCheckReservedLock($0!.vfsFile.real, $1) }
    methods.xSectorSize = { $0!.vfsFile.realMethods.pointee.xSectorSize($0!.vfsFile.real) }
    methods.xDeviceCharacteristics = { $0!.vfsFile.realMethods.pointee.xDeviceCharacteristics($0!.vfsFile.real) }
    methods.xShmMap = { $0!.vfsFile.realMethods.pointee.xShmMap($0!.vfsFile.real, $1, $2, $3, $4) }
    methods.xShmLock = { $0!.vfsFile.lock($1, $2, $3) }
    methods.xShmBarrier = { $0!.vfsFile.realMethods.pointee.xShmBarrier($0!.vfsFile.real) }
    methods.xShmUnmap = { file, deletes in
        let file = file!.vfsFile
        file.releaseReadLock()
        return file.realMethods.pointee.xShmUnmap(file.real, deletes)
    }
    let place = UnsafeMutablePointer<sqlite3_io_methods>.allocate(capacity: 1)
    place.initialize(to: methods)
    return UnsafePointer(place)
}()
