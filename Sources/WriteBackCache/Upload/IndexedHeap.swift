/// Ids by priority, the least first; each at most once. Every change costs O(log n).
struct IndexedHeap<Priority: Comparable & Sendable>: Sendable {
    private struct Element {
        let priority: Priority
        let id: Int64
    }

    private var elements: [Element] = []
    private var places: [Int64: Int] = [:]

    var isEmpty: Bool { elements.isEmpty }
    var count: Int { elements.count }
    var first: (priority: Priority, id: Int64)? { elements.first.map { ($0.priority, $0.id) } }

    func priority(of id: Int64) -> Priority? { places[id].map { elements[$0].priority } }

    /// Puts it in, or to another priority.
    mutating func set(_ id: Int64, _ priority: Priority) {
        let element = Element(priority: priority, id: id)
        if let place = places[id] {
            elements[place] = element
            sink(from: rise(from: place))
        } else {
            elements.append(element)
            places[id] = elements.count - 1
            _ = rise(from: elements.count - 1)
        }
    }

    mutating func remove(_ id: Int64) {
        guard let place = places.removeValue(forKey: id), let last = elements.popLast() else { return }
        guard place < elements.count else { return }
        elements[place] = last
        places[last.id] = place
        sink(from: rise(from: place))
    }

    /// Those of one priority go by their ids, so that a seed brings the same run again.
    private func precedes(_ a: Int, _ b: Int) -> Bool {
        let (first, second) = (elements[a], elements[b])
        return first.priority < second.priority || first.priority == second.priority && first.id < second.id
    }

    private mutating func rise(from start: Int) -> Int {
        var place = start
        while place > 0, precedes(place, (place - 1) / 2) {
            swap(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
        return place
    }

    private mutating func sink(from start: Int) {
        var place = start
        while true {
            var least = place
            for child in [2 * place + 1, 2 * place + 2] where child < elements.count && precedes(child, least) {
                least = child
            }
            if least == place { return }
            swap(place, least)
            place = least
        }
    }

    private mutating func swap(_ a: Int, _ b: Int) {
        elements.swapAt(a, b)
        places[elements[a].id] = a
        places[elements[b].id] = b
    }
}
