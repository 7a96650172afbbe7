import Persist

/// What is on its way of files whose content is not here, and how each that is read in parts is read.
struct Flights {
    struct Flight {
        /// nil: all of it.
        var range: Range<UInt64>?
        /// Nobody has asked for it yet.
        var isAhead = false
        var task: Task<StoreError?, Never>
    }

    var flights: [NodeID: [Int: Flight]] = [:]
    var last = 0
    /// Of files that are read in parts.
    var windows: [NodeID: FetchWindow] = [:]
    var filesAhead = FilesAhead()
    /// Of flights.
    var aheadCount = 0
    /// Of all flights that bring parts.
    var bytes: UInt64 = 0
    private static let bytesMost: UInt64 = 64 << 20
    /// A file is fetched whole that is only read in parts: it is not evicted meanwhile, so one at a time.
    var isTakingWhole = false

    /// For what nobody waits for yet: all of it is in memory while it is under way.
    var room: UInt64 { Self.bytesMost - min(bytes, Self.bytesMost) }

    mutating func takeWhole(_ isWanted: () -> Bool) -> Bool {
        guard !isTakingWhole, isWanted() else { return false }
        isTakingWhole = true
        return true
    }

    func flight(_ id: NodeID, _ range: Range<UInt64>?) -> Task<StoreError?, Never>? {
        flights[id]?.values.first { flight in
            guard let flying = flight.range else { return true }
            return range.map { flying.contains($0.lowerBound) } ?? false
        }?.task
    }
}
