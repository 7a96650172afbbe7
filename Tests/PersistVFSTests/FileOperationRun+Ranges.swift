import Persist
import PersistTestKit
import PersistVFS

/// Parts of files: fallocate, copy_file_range, SEEK_DATA and SEEK_HOLE.
extension FileOperationRun {
    private static let chunk = 65_536
    /// Larger than a few chunks tells nothing more, and values have a limit.
    private static let mostBytes = 400_000

    /// A range that begins within the file: often whole chunks.
    private func range(_ operation: FileOperation, in count: Int) -> Range<Int> {
        let offset = operation.number % 100_000 % (count + 20)
        if operation.number % 3 == 0 {
            let start = offset / Self.chunk * Self.chunk
            return start..<(start + Self.chunk * (1 + operation.other % 2))
        }
        return offset..<(offset + 1 + operation.number % 90_000)
    }

    mutating func allocate(_ operation: FileOperation) throws {
        guard let (file, real) = handles[operation.slot], file.handles[operation.slot]!.canWrite else { return }
        let range = range(operation, in: file.visible.count)
        guard range.upperBound <= Self.mostBytes else { return }
        let content: Allocation.Content = [.punch: .hole, .zero: .zeros][operation.verb] ?? .kept
        let keepsSize = content == .hole || operation.other % 3 == 0
        model.allocate(file, operation.slot, range, clears: content != .kept, keepsSize: keepsSize)
        try bed.fs.fallocate(
            real.id, handle: real.opened.handle, Allocation(content, keepsSize: keepsSize),
            at: UInt64(range.lowerBound), length: UInt64(range.count), TestBed.root)
        try compare(file, real)
    }

    mutating func copy(_ operation: FileOperation) throws {
        let other = (operation.slot + operation.other) % FileOperation.slots
        guard let (target, real) = handles[operation.slot], target.handles[operation.slot]!.canWrite,
            let (source, realSource) = handles[other], !source.isStream, !source.isForeignGone, !target.isForeignGone
        else { return }
        let from = range(operation, in: source.visible.count)
        var start = operation.number / 7 % (target.visible.count + 10)
        if operation.number % 3 == 0 { start = start / Self.chunk * Self.chunk }
        guard start + from.count <= Self.mostBytes else { return }
        let overlaps = source === target && from.overlaps(start..<(start + from.count))
        let bytes = Array(source.visible[min(from.lowerBound, source.visible.count)...].prefix(from.count))
        var done = 0
        let refused = kind { () throws(StoreError) in
            while done < from.count {
                let copied = try bed.fs.copyRange(
                    from: realSource.id, at: UInt64(from.lowerBound + done), to: real.id, handle: real.opened.handle,
                    at: UInt64(start + done), count: UInt64(from.count - done), TestBed.root)
                if copied == 0 { return }
                done += Int(copied)
            }
        }
        try expect(refused, overlaps ? .invalid : nil, "error of copying")
        if overlaps { return }
        guard done == bytes.count else {
            throw Disagreement(description: "\(done) bytes were copied, of the reference \(bytes.count)")
        }
        if !bytes.isEmpty { model.write(target, operation.slot, at: start, bytes) }
        try compare(target, real)
    }

    /// What is called a hole is zeros, and all of it ends with the file.
    func seek(_ operation: FileOperation) throws {
        guard let (file, real) = handles[operation.slot], !file.isForeignGone else { return }
        let bytes = file.visible
        func requireZeros(_ range: Range<Int>) throws {
            guard bytes[range].allSatisfy({ $0 == 0 }) else {
                throw Disagreement(description: "\(range) of \(file.path) is called a hole, and is none")
            }
        }
        var place = 0
        while let data = try bed.fs.seek(real.id, to: .data, from: UInt64(place)) {
            try requireZeros(place..<Int(data))
            guard let hole = try bed.fs.seek(real.id, to: .hole, from: data), hole > data, hole <= UInt64(bytes.count)
            else { throw Disagreement(description: "no hole after the data at \(data) of \(file.path)") }
            place = Int(hole)
        }
        try requireZeros(place..<bytes.count)
        guard try bed.fs.seek(real.id, to: .hole, from: UInt64(bytes.count)) == nil else {
            throw Disagreement(description: "a hole past the end of \(file.path)")
        }
    }
}
