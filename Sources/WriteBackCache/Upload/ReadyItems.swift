/// What can be sent, in its order: short items, and long ones, which have a share of the bytes in flight of their own. What is
/// sent in many parts must not keep small files waiting, nor these it.
struct ReadyItems: Sendable {
    struct Order: Comparable {
        let isHurried: Bool
        let changed: Int64

        static func < (a: Self, b: Self) -> Bool {
            a.isHurried != b.isHurried ? a.isHurried : a.changed < b.changed
        }
    }

    private var short = IndexedHeap<Order>()
    private var long = IndexedHeap<Order>()

    var isEmpty: Bool { short.isEmpty && long.isEmpty }

    /// The first of each kind; of the two, that which goes first.
    var heads: [Int64] {
        guard let short = short.first else { return long.first.map { [$0.id] } ?? [] }
        guard let long = long.first else { return [short.id] }
        return long.priority < short.priority ? [long.id, short.id] : [short.id, long.id]
    }

    mutating func set(_ id: Int64, _ order: Order, isLong: Bool) {
        remove(id)
        if isLong { long.set(id, order) } else { short.set(id, order) }
    }

    mutating func remove(_ id: Int64) {
        short.remove(id)
        long.remove(id)
    }
}
