import Persist
import Testing

@testable import SQLiteStore
@testable import WriteBackCache

@Suite("What is known of the far side")
struct FarRecordTests {
    private func record(sum: [UInt8]?, tried: [UInt8]? = nil, revision: Revision?) -> FarRecord {
        FarRecord(
            path: Array("blobs/a".utf8), node: NodeID(9), sum: sum, tried: tried, revision: revision, time: .now())
    }
    private let sum = [UInt8](repeating: 1, count: 32)
    private let other = [UInt8](repeating: 2, count: 32)

    @Test("what is doubted is certain no more, also where only its revision is known; doubted again it is the same")
    func doubted() {
        let revision = Revision([7])
        for (before, tried) in [
            (record(sum: sum, revision: nil), sum), (record(sum: sum, revision: revision), sum),
            (record(sum: sum, tried: other, revision: nil), other + sum), (record(sum: nil, revision: revision), []),
            (record(sum: nil, tried: other, revision: revision), other), (record(sum: nil, revision: nil), nil),
        ] {
            var record = before
            for _ in 0..<2 {
                record.doubt()
                #expect(record.sum == nil && record.tried == tried && record.revision == before.revision, "\(before)")
            }
            #expect(record.isUntried == (tried ?? []).isEmpty)
        }
    }
}
