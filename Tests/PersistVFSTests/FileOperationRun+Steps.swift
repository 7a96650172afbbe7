import Persist
import PersistVFS

/// What each verb does, here and in the reference.
extension FileOperationRun {
    mutating func step(_ operation: FileOperation, _ index: Int) throws {
        let path = FileOperation.paths[operation.path]
        switch operation.verb {
        case .compareTree: return try compareTree()
        case .foreignPut, .foreignDelete, .load: return try foreignStep(operation, path, index)
        case .crash, .reopen:
            guard operation.number % 5 == 0 else { return }
            try closeAll()
            try place.settle(bed)
            bed = try operation.verb == .crash ? place.afterCrash(bed) : place.reopened(bed)
            return try compareTree()
        case .write, .append, .truncate, .flush, .fsync, .release, .read, .punch, .zero, .allocate, .copy, .seek:
            return try handleStep(operation)
        case .create, .open, .openTruncating, .unlink, .rename, .mkdir, .rmdir, .list:
            // The kernel never asks a file for a name in it.
            guard model.directories.contains(ReferenceTree.parent(path)) else { return }
            return try nameStep(operation, path)
        }
    }

    private mutating func nameStep(_ operation: FileOperation, _ path: String) throws {
        let bed = bed
        switch operation.verb {
        case .create:
            guard handles[operation.slot] == nil else { return }
            let expected = model.create(path, handle: operation.slot)
            var made: TestFile?
            let flags: OpenFlags = [.read, .write, .exclusive, .append]
            let real = kind { () throws(StoreError) in
                made = try bed.create(path, ReferenceTree.isStream(path) ? flags : flags.subtracting(.append))
            }
            try expect(real, expected)
            if let made { handles[operation.slot] = (model.files[path]!, made) }
        case .open, .openTruncating:
            try open(path, operation)
        case .unlink:
            try expect(kind { () throws(StoreError) in try bed.unlink(path) }, model.unlink(path))
        case .rename:
            let target = FileOperation.paths[operation.other]
            guard canRename(path, target) else { return }
            try expect(kind { () throws(StoreError) in try bed.rename(path, target) }, model.rename(path, target))
        case .mkdir:
            try expect(kind { () throws(StoreError) in try bed.mkdir(path) }, model.mkdir(path))
        case .rmdir:
            let real = kind { () throws(StoreError) in
                let (parent, name) = try bed.split(path)
                try bed.fs.rmdir(name, in: parent, TestBed.root)
            }
            try expect(real, model.rmdir(path))
        default:
            let directory = ReferenceTree.parent(path)
            model.list(directory)
            try compareNames(directory)
        }
    }

    private mutating func open(_ path: String, _ operation: FileOperation) throws {
        guard handles[operation.slot] == nil, let file = model.files[path] else { return }
        let truncates = operation.verb == .openTruncating
        let canWrite = truncates || operation.number % 3 > 0
        var flags: OpenFlags = canWrite ? [.read, .write] : [.read]
        if truncates { flags.insert(.truncate) }
        if file.isStream { flags.insert(.append) }
        guard !truncates || !file.isStream || file.visible.isEmpty else {
            let bed = bed
            return try expect(kind { () throws(StoreError) in _ = try bed.open(path, flags) }, .notPermitted)
        }
        model.open(path, handle: operation.slot, canWrite: canWrite, truncates: truncates)
        handles[operation.slot] = (file, try bed.open(path, flags))
    }

    /// What open logs do when they lose or change their names is tested one by one.
    private func canRename(_ path: String, _ target: String) -> Bool {
        guard path.split(separator: "/")[0] == target.split(separator: "/")[0], let file = model.files[path],
            !model.directories.contains(target), model.directories.contains(ReferenceTree.parent(target))
        else { return false }
        guard file.isStream || ReferenceTree.isStream(target) else { return true }
        return path != target && file.handles.isEmpty && model.files[target]?.handles.isEmpty != false
    }

    private mutating func handleStep(_ operation: FileOperation) throws {
        let slot = operation.slot
        guard let (file, real) = handles[slot] else { return }
        if file.isStream, operation.verb != .release { return try streamStep(operation, file, real) }
        switch operation.verb {
        case .write, .append:
            guard file.handles[slot]!.canWrite, !operation.bytes.isEmpty else { return }
            let offset =
                operation.verb == .append ? file.visible.count : operation.number % 100_000 % (file.visible.count + 10)
            model.write(file, slot, at: offset, operation.bytes)
            try real.write(operation.bytes, at: UInt64(offset))
        case .truncate:
            guard file.handles[slot]!.canWrite else { return }
            let size = operation.number % 150_000 % (file.visible.count + 20)
            model.truncate(file, slot, to: size)
            try real.truncate(to: UInt64(size))
        case .punch, .zero, .allocate: return try allocate(operation)
        case .copy: return try copy(operation)
        case .seek: return try seek(operation)
        case .flush:
            try expect(kind { () throws(StoreError) in try real.flush() }, model.flush(file, slot))
        case .fsync:
            try real.fsync()
            model.synced(file)
        case .release:
            handles[slot] = nil
            real.release()
            return model.release(file, slot)
        default: break
        }
        try compare(file, real)
    }

    private mutating func streamStep(_ operation: FileOperation, _ file: ReferenceTree.File, _ real: TestFile) throws {
        let slot = operation.slot
        let canWrite = file.handles[slot]!.canWrite
        switch operation.verb {
        case .write, .append:
            guard canWrite, !operation.lines.isEmpty else { return }
            if file.isUnlinked {
                // Only its open files know it: it must not come back.
                _ = try? real.write(operation.lines)
                return
            }
            let (taken, refused) = model.append(file, slot, operation.lines)
            var count = 0
            let found = kind { () throws(StoreError) in count = try real.write(operation.lines) }
            try expect(found, refused, "write")
            guard found != nil || count == taken else {
                throw Disagreement(description: "write took \(count) bytes, of the reference \(taken)")
            }
        case .truncate:
            guard canWrite, !file.isUnlinked else { return }
            let size = operation.number % 2 == 0 ? file.visible.count : operation.number % (file.visible.count + 2)
            let expected: StoreError.Kind? = size == file.visible.count ? nil : .notPermitted
            try expect(kind { () throws(StoreError) in try real.truncate(to: UInt64(size)) }, expected)
        case .flush:
            guard !file.isUnlinked else { return }
            try expect(
                kind { () throws(StoreError) in try real.flush() }, canWrite ? model.flush(file, slot) : nil)
        case .fsync:
            guard !file.isUnlinked else { return }
            try real.fsync()
            model.synced(file)
        default: break
        }
        try compare(file, real)
    }

    private mutating func foreignStep(_ operation: FileOperation, _ path: String, _ index: Int) throws {
        if operation.verb == .load { return try place.load(operation.number) }
        // Mostly what somebody has open here.
        let open = handles[operation.slot]?.file
        let path = open?.isUnlinked == false && operation.number % 4 > 0 ? open!.path : path
        guard let key = OtherProgram.key(of: path), let path = model.pathOfForeign(path) else { return }
        if operation.verb == .foreignPut {
            let value = operation.foreignValue(index)
            model.foreignPut(path, value)
            try place.put(key, value, bed)
        } else {
            model.foreignDelete(path)
            try place.delete(key, bed)
        }
        do {
            try comparePath(path)
            for (file, real) in handles.values where file.path == path { try compare(file, real) }
        } catch { throw Disagreement(description: "\(key.table) has \(key.key): \(error)") }
    }
}
