import Persist
import PersistTestKit
import PersistVFS
import Testing

@Suite("R8 logs in events/")
struct StreamTests {
    @Test("R8 a finished line is an event at once; an unfinished one waits in its open file")
    func lines() throws {
        let bed = TestBed()
        let file = try bed.create("events/a.jsonl", [.write, .append])
        try file.write("{\"n\":1}\n{\"n\"")
        #expect(try bed.read("events/a.jsonl") == "{\"n\":1}\n")
        #expect(try bed.afterCrash().read("events/a.jsonl") == "{\"n\":1}\n")
        try file.write(":2}\n")
        #expect(try bed.read("events/a.jsonl") == "{\"n\":1}\n{\"n\":2}\n")
        try file.close()
    }

    @Test("R8 FLUSH keeps the unfinished line for recovery, RELEASE joins it without a newline")
    func tails() throws {
        let bed = TestBed()
        let file = try bed.create("events/a.log", [.write, .append])
        try file.write("one\ntw")
        try file.flush()
        #expect(try bed.afterCrash().read("events/a.log") == "one\ntw")
        try file.write("o")
        file.release()
        #expect(try bed.read("events/a.log") == "one\ntwo")
        let appender = try bed.open("events/a.log", [.write, .append])
        try appender.write("three\n")
        try appender.close()
        #expect(try bed.read("events/a.log") == "one\ntwo\nthree\n")
    }

    @Test("R8 a positioned write at the end continues an unfinished line (rsync --append)")
    func continuing() throws {
        let bed = TestBed()
        try bed.write("events/a.log", "one\ntw")
        let file = try bed.open("events/a.log", [.write])
        try file.write("o\nthree\n", at: 6)
        try file.close()
        #expect(try bed.read("events/a.log") == "one\ntwo\nthree\n")
    }

    @Test("R8 rewriting what is there is allowed, overwriting is not (rsync --inplace)")
    func overwriting() throws {
        let bed = TestBed()
        try bed.write("events/a.log", "one\ntwo\n")
        let file = try bed.open("events/a.log", [.write])
        try file.write("one\ntwo\nthree\n")
        #expect(try bed.read("events/a.log") == "one\ntwo\nthree\n")
        #expect(kind { () throws(StoreError) in try file.write("ONE\n") } == .notPermitted)
        #expect(kind { () throws(StoreError) in try file.write("gap\n", at: 100) } == .notPermitted)
        try file.close()
        #expect(try bed.read("events/a.log") == "one\ntwo\nthree\n")
    }

    @Test("R8 a bad line ends its write: what came before it is in")
    func badLines() throws {
        let bed = TestBed()
        let file = try bed.create("events/a.jsonl", [.write, .append])
        #expect(try file.write("1\n2\nbad\n3\n") == 4)
        #expect(kind { () throws(StoreError) in try file.write("bad\n") } == .rejected)
        #expect(try file.write("4\n") == 2)
        try file.write("{\"unfinished")
        file.release()
        #expect(try bed.read("events/a.jsonl") == "1\n2\n4\n")
        #expect(try bed.read(".persist/rejected/events/a.jsonl") == "{\"unfinished")
    }

    @Test("R8 truncating, unlinking and renaming away a stream with events change nothing")
    func refused() throws {
        let bed = TestBed()
        try bed.write("events/a.log", "one\n")
        let id = try bed.find("events/a.log").id
        #expect(
            kind { () throws(StoreError) in _ = try bed.open("events/a.log", [.write, .truncate]) } == .notPermitted)
        #expect(kind { () throws(StoreError) in try bed.unlink("events/a.log") } == .notPermitted)
        #expect(kind { () throws(StoreError) in try bed.rename("events/a.log", "events/b.log") } == .notPermitted)
        #expect(
            kind { () throws(StoreError) in
                _ = try bed.fs.setattr(id, AttributeSetting(size: 0), handle: nil, TestBed.root)
            } == .notPermitted)
        _ = try bed.fs.setattr(id, AttributeSetting(size: 4), handle: nil, TestBed.root)
        #expect(try bed.read("events/a.log") == "one\n")
    }

    @Test("R8 renaming a longer copy over a stream appends the rest; the source's id answers as the stream")
    func renamedOver() throws {
        let bed = TestBed()
        try bed.write("events/a.log", "one\n")
        let stream = try bed.find("events/a.log").id
        try bed.write("events/.a.log.AbCdEf", "one\ntwo\n")
        let source = try bed.find("events/.a.log.AbCdEf").id
        try bed.rename("events/.a.log.AbCdEf", "events/a.log")
        #expect(try bed.find("events/a.log").id == stream)
        #expect(try bed.read("events/a.log") == "one\ntwo\n")
        #expect(try bed.fs.getattr(source).id == stream)
        #expect(bed.kernel.names.contains("a.log"))
    }

    @Test("R8 a close says that an unfinished line is not JSON; the line may still be finished")
    func closeTells() throws {
        let bed = TestBed()
        let file = try bed.create("events/a.jsonl", [.write, .append])
        try file.write("{\"half\":")
        #expect(kind { () throws(StoreError) in try file.flush() } == .rejected)
        try file.write("1}\n")
        try file.close()
        #expect(try bed.read("events/a.jsonl") == "{\"half\":1}\n")
    }

    @Test("R8 a log that was removed before it had a line does not come back with the next one")
    func removedBeforeItsFirstLine() throws {
        for wrote in ["", "half"] {
            let bed = TestBed()
            let file = try bed.create("events/a.log", [.write, .append])
            try file.write(wrote)
            try bed.unlink("events/a.log")
            try file.write(" and a line\nrest")
            try file.close()
            #expect(try bed.names("events").isEmpty)
        }
    }

    @Test("R14 a line has at most line_bytes_max bytes")
    func longLines() throws {
        var limits = StoreLimits()
        limits.lineBytesMax = 10
        let bed = TestBed(MemoryStore(limits: limits))
        let file = try bed.create("events/a.log", [.write, .append])
        #expect(kind { () throws(StoreError) in try file.write("01234567890") } == .tooLarge)
        try file.write("0123456789\n")
        try file.close()
        #expect(try bed.read("events/a.log") == "0123456789\n")
    }

    @Test("R8 writes to several logs at once do what each does alone: partial lines, bad ones, the same file twice")
    func together() throws {
        let bed = TestBed()
        let names = ["events/a.jsonl", "events/b.jsonl", "events/c.log"]
        let files = try names.map { name throws(StoreError) in try bed.create(name, [.write, .append]) }
        func append(_ writes: [(Int, String)]) -> [Result<Int, StoreError>] {
            bed.fs.append(
                writes.map { file, text in
                    LogWrite(
                        node: files[file].id, handle: files[file].opened.handle, offset: 0, bytes: Array(text.utf8),
                        caller: TestBed.root)
                })
        }
        let first = append([(0, "{}\n[1"), (1, "bad\n"), (2, "half"), (0, "]\n"), (1, "[2]\nbad\n")])
        #expect(try first[0].get() == 5 && first[2].get() == 4 && first[3].get() == 2 && first[4].get() == 4)
        #expect(kind { () throws(StoreError) in _ = try first[1].get() } == .rejected)
        #expect(try names.map { name throws(StoreError) in try bed.read(name) } == ["{}\n[1]\n", "[2]\n", ""])
        let second = append([(2, " a line\n"), (0, "[3]\n")])
        #expect(try second.map { result throws(StoreError) in try result.get() } == [8, 4])
        #expect(try bed.read(names[2]) == "half a line\n")
        for file in files { try file.close() }
        #expect(try bed.afterCrash().read(names[0]) == "{}\n[1]\n[3]\n")
        // Closed: nobody may write by that handle any more.
        #expect(kind { () throws(StoreError) in _ = try append([(0, "[4]\n"), (2, "x\n")])[0].get() } != nil)
    }
}
