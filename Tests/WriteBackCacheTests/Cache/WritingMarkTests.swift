import Persist
import PersistTestKit
import PersistVFS
import SQLiteStore
import Synchronization
import Testing
import WriteBackCache

@Suite("Files that are open for writing", .serialized)
struct WritingMarkTests {
    @Test("R10 who opens while another writer closes is one that others' changes wait for", .timeLimit(.minutes(2)))
    func openMeetsClose() async throws {
        let bed = try CacheBed()
        let here = try await KernellessMount(bed)
        try here.cache.store.put("old", .blobs, "b")
        let id = try here.lookup("b", in: here.blobs)
        let (files, store, root) = (here.files, here.cache.store, here.root)
        let reader = try files.open(id, [.read], root).handle
        let isOver = Flag()
        var unmarked = 0
        let other = Task.detached {
            while !isOver.isSet { files.release(id, handle: try files.open(id, [.write], root).handle) }
        }
        for _ in 0..<6_000 {
            let handle = try files.open(id, [.write], root).handle
            if !store.isWriting(id) { unmarked += 1 }
            files.release(id, handle: handle)
        }
        isOver.set()
        try await other.value
        #expect(unmarked == 0)
        #expect(!store.isWriting(id), "all have closed it")
        files.release(id, handle: reader)
        await here.end()
    }

    private final class Flag: Sendable {
        private let state = Atomic(false)
        var isSet: Bool { state.load(ordering: .relaxed) }
        func set() { state.store(true, ordering: .relaxed) }
    }
}
