import CSQLite
import Synchronization

/// An open file of a `Disk`: what stands between SQLite and the unix VFS's own file.
final class DiskFile: Sendable {
    /// In front of the unix VFS's file: SQLite's methods, and the address of this object.
    static let headerBytes = 16

    let disk: Disk
    let number: Int
    /// The unix VFS syncs the directory with the first sync of a journal that it may have made.
    private let syncsDirectory: Atomic<Bool>

    init(_ disk: Disk, _ number: Int, syncsDirectory: Bool) {
        self.disk = disk
        self.number = number
        self.syncsDirectory = Atomic(syncsDirectory)
    }

    func read(_ body: () -> Int32) -> Int32 { disk.perform(.read, [], body) }

    func truncate(_ size: Int, _ body: () -> Int32) -> Int32 {
        disk.perform(.truncate, [.truncate(file: number, size: size)], body)
    }

    func sync(_ body: () -> Int32) -> Int32 {
        let isFirst = syncsDirectory.load(ordering: .relaxed)
        let code = disk.perform(.sync, [.sync(file: number)] + (isFirst ? [.syncDirectory] : []), body)
        if code == SQLITE_OK { syncsDirectory.store(false, ordering: .relaxed) }
        return code
    }
}

extension UnsafeMutablePointer where Pointee == sqlite3_file {
    private var header: UnsafeMutableRawPointer { UnsafeMutableRawPointer(self) }

    /// The unix VFS's file, behind the header.
    var real: UnsafeMutablePointer<sqlite3_file> {
        (header + DiskFile.headerBytes).assumingMemoryBound(to: sqlite3_file.self)
    }

    fileprivate var realMethods: sqlite3_io_methods { real.pointee.pMethods.pointee }

    fileprivate var file: DiskFile { reference.takeUnretainedValue() }

    private var reference: Unmanaged<DiskFile> {
        Unmanaged.fromOpaque(header.load(fromByteOffset: 8, as: UnsafeRawPointer.self))
    }

    func attach(_ file: DiskFile) {
        header.storeBytes(
            of: UnsafeRawPointer(Unmanaged.passRetained(file).toOpaque()), toByteOffset: 8, as: UnsafeRawPointer.self)
        pointee.pMethods = methods
    }

    fileprivate func close() -> Int32 {
        let code = realMethods.xClose(real)
        reference.release()
        return code
    }
}

/// Made once, before anyone reads it, and never changed. Version 2: without memory maps of the file.
private nonisolated(unsafe) let methods: UnsafePointer<sqlite3_io_methods> = {
    var methods = sqlite3_io_methods()
    methods.iVersion = 2
    methods.xClose = { $0!.close() }
    methods.xRead = { file, buffer, count, offset in
        file!.file.read { file!.realMethods.xRead(file!.real, buffer, count, offset) }
    }
    methods.xWrite = { file, buffer, count, offset in
        let bytes = UnsafeRawBufferPointer(start: buffer, count: Int(count))
        return file!.file.disk.write(file!.file.number, at: Int(offset), bytes) { part in
            file!.realMethods.xWrite(file!.real, buffer, Int32(part), offset)
        }
    }
    methods.xTruncate = { file, size in
        file!.file.truncate(Int(size)) { file!.realMethods.xTruncate(file!.real, size) }
    }
    methods.xSync = { file, flags in file!.file.sync { file!.realMethods.xSync(file!.real, flags) } }
    methods.xFileSize = { $0!.realMethods.xFileSize($0!.real, $1) }
    methods.xLock = { $0!.realMethods.xLock($0!.real, $1) }
    methods.xUnlock = { $0!.realMethods.xUnlock($0!.real, $1) }
    methods.xCheckReservedLock = { $0!.realMethods.xCheckReservedLock($0!.real, $1) }
    methods.xFileControl = { $0!.realMethods.xFileControl($0!.real, $1, $2) }
    methods.xSectorSize = { $0!.realMethods.xSectorSize($0!.real) }
    methods.xDeviceCharacteristics = { $0!.realMethods.xDeviceCharacteristics($0!.real) }
    methods.xShmMap = { $0!.realMethods.xShmMap($0!.real, $1, $2, $3, $4) }
    methods.xShmLock = { $0!.realMethods.xShmLock($0!.real, $1, $2, $3) }
    methods.xShmBarrier = { $0!.realMethods.xShmBarrier($0!.real) }
    methods.xShmUnmap = { $0!.realMethods.xShmUnmap($0!.real, $1) }
    let place = UnsafeMutablePointer<sqlite3_io_methods>.allocate(capacity: 1)
    place.initialize(to: methods)
    return UnsafePointer(place)
}()
