import Persist

/// What is on its way of files whose content is not here, and how each that is read in parts is read.
struct Flights {
    struct Flight {
        /// nil: all of it.
        var range: Range<UInt64>?
        /// Nobody has asked for it yet.
        var isAhead = false
        /// It is in memory, and still to be stored.
        var hasArrived = false
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
    /// Of one file that has not arrived.
    private static let fileBytesMost = 4 * FetchWindow.most
    /// A file is fetched whole that is only read in parts: it is not evicted meanwhile, so one at a time.
    var isTakingWhole = false

    /// For what nobody waits for yet of a file: all of it is in memory until it is stored.
    func room(of id: NodeID) -> UInt64 {
        let coming = flights[id]?.values.filter { !$0.hasArrived } ?? []
        let ofFile = coming.reduce(0) { $0 + ($1.range.map { UInt64($0.count) } ?? 0) }
        return min(Self.bytesMost - min(bytes, Self.bytesMost), Self.fileBytesMost - min(ofFile, Self.fileBytesMost))
    }

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

    /// A part is here, and about to be stored.
    ///
    /// - Parameter seconds: since it was asked for.
    /// - Returns: what to begin in its place, of the same file.
    mutating func arrived(_ id: NodeID, _ number: Int, after seconds: Double) -> [Range<UInt64>] {
        guard let range = flights[id]?[number]?.range else { return [] }
        flights[id]?[number]?.hasArrived = true
        windows[id]?.came(UInt64(range.count), seconds: seconds)
        return more(of: id)
    }

    /// - Returns: as `arrived`; nothing where it has failed.
    mutating func landed(_ id: NodeID, _ number: Int, failed: Bool) -> [Range<UInt64>] {
        guard let flight = flights[id]?.removeValue(forKey: number) else { return [] }
        if flights[id]?.isEmpty == true { flights[id] = nil }
        if flight.isAhead { aheadCount -= 1 }
        guard let range = flight.range else { return [] }
        bytes -= UInt64(range.count)
        return failed ? [] : more(of: id)
    }

    private mutating func more(of id: NodeID) -> [Range<UInt64>] {
        let room = room(of: id)
        return windows[id]?.ahead(room: room) ?? []
    }
}
