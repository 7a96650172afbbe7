import CSQLite
import Persist
import PersistTestKit
import Testing

@testable import SQLiteStore

/// What stands between SQLite and the WAL.
@Suite struct GatheredFramesTests {
    private static let pageBytes = 512

    private static func header(ends: Bool, _ mark: UInt8) -> [UInt8] {
        [0, 0, 0, 1, 0, 0, 0, ends ? 9 : 0] + [UInt8](repeating: mark, count: 16)
    }

    /// A file that remembers each write.
    private final class File {
        var bytes: [UInt8] = []
        var writes: [Int] = []
        var code = SQLITE_OK

        func write(_ part: UnsafeRawBufferPointer, _ offset: Int64) -> Int32 {
            guard code == SQLITE_OK else { return code }
            let end = Int(offset) + part.count
            if bytes.count < end { bytes += [UInt8](repeating: 0, count: end - bytes.count) }
            bytes.replaceSubrange(Int(offset)..<end, with: part)
            writes.append(part.count)
            return SQLITE_OK
        }
    }

    private static func write(_ bytes: [UInt8], at offset: Int, _ frames: inout GatheredFrames, _ file: File) -> Int32 {
        bytes.withUnsafeBytes { frames.write($0, at: Int64(offset), file.write) }
    }

    @Test("R2 the frames of a transaction reach the WAL in one write, with the last of them")
    func oneWrite() {
        let file = File()
        var frames = GatheredFrames()
        var offset = 0
        let code = Self.write([UInt8](repeating: 1, count: 32), at: 0, &frames, file)
        #expect(code == SQLITE_OK)
        offset = 32
        for number in 0..<3 {
            for part in [Self.header(ends: number == 2, UInt8(number)), [UInt8](repeating: 7, count: Self.pageBytes)] {
                #expect(file.writes == [32])
                let code = Self.write(part, at: offset, &frames, file)
                #expect(code == SQLITE_OK)
                offset += part.count
            }
        }
        #expect(file.writes == [32, 3 * (24 + Self.pageBytes)])
        let isEmpty = frames.isEmpty
        #expect(isEmpty)
    }

    @Test("R2 the error of a disk that takes no frame is the error of the commit")
    func errorOfCommit() {
        let file = File()
        var frames = GatheredFrames()
        file.code = SQLITE_FULL
        var code = Self.write(Self.header(ends: true, 1), at: 0, &frames, file)
        #expect(code == SQLITE_OK)
        code = Self.write([UInt8](repeating: 7, count: Self.pageBytes), at: 24, &frames, file)
        #expect(code == SQLITE_FULL)
        // Not a second time, from nowhere: SQLite writes what it gave up again.
        file.code = SQLITE_OK
        code = frames.flush(file.write)
        #expect(code == SQLITE_OK && file.writes.isEmpty)
    }

    @Test("R2 whatever SQLite writes where, the file has it once a transaction ends", arguments: 1...4)
    func anyOrder(seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        let file = File()
        var frames = GatheredFrames()
        var wanted: [UInt8] = []
        func put(_ bytes: [UInt8], _ offset: Int) {
            let code = Self.write(bytes, at: offset, &frames, file)
            #expect(code == SQLITE_OK)
            let end = offset + bytes.count
            if wanted.count < end { wanted += [UInt8](repeating: 0, count: end - wanted.count) }
            wanted.replaceSubrange(offset..<end, with: bytes)
        }
        let frameBytes = 24 + Self.pageBytes
        for _ in 0..<30 {
            // Sometimes the WAL starts anew, or SQLite changes what is there, as it does for the checksums.
            let first = Int.random(in: 0...max(0, wanted.count / frameBytes), using: &generator)
            let count = Int.random(
                in: 1...(Int.random(in: 0..<10, using: &generator) == 0 ? 300 : 3), using: &generator)
            for number in 0..<count {
                let mark = UInt8.random(in: 0...255, using: &generator)
                put(Self.header(ends: number == count - 1, mark), (first + number) * frameBytes)
                put([UInt8](repeating: mark, count: Self.pageBytes), (first + number) * frameBytes + 24)
                if number > 0, Int.random(in: 0..<50, using: &generator) == 0 {
                    put([UInt8](repeating: mark, count: Self.pageBytes), (first + number - 1) * frameBytes + 24)
                }
            }
            #expect(file.bytes == wanted)
            // Checksums: headers alone, of frames that are there, and nothing comes after them.
            let back = Int.random(in: 0..<(first + count), using: &generator)
            for number in back..<min(back + 3, first + count) {
                put(Self.header(ends: number == back + 2, 3), number * frameBytes)
            }
            #expect(file.bytes == wanted)
        }
        #expect(file.writes.allSatisfy { $0 <= 0x1ffff })
    }
}
