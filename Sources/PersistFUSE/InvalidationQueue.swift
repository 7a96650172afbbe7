import Persist

/// What the kernel is still to be told to forget, and in which order.
///
/// Nodes and names have a queue each, because telling a name blocks in the kernel as long as a LOOKUP or READDIR of
/// its directory is unanswered. A name whose directory has such a request is set aside until that is answered.
///
/// Bounded: what is queued already is not queued again, and where a queue is full all of it becomes the five names
/// at the root, with which the kernel drops everything below them that is not open.
struct InvalidationQueue {
    struct Entry: Hashable, Sendable {
        var parent: NodeID
        var name: FileName
    }

    struct Inode: Equatable, Sendable {
        var node: NodeID
        var attributesOnly: Bool
    }

    /// Nodes and names each. 262,144.
    let entriesMax: Int

    private var inodes = Fifo<NodeID>()
    private var isAttributesOnly: [NodeID: Bool] = [:]
    private var entries = Fifo<Entry>()
    /// And whether the name is to be dropped.
    private var queued: [Entry: Bool] = [:]
    private var setAside: [NodeID: [Entry]] = [:]
    private var unanswered: [NodeID: Int] = [:]
    /// How often a queue was full.
    private(set) var overflows = 0

    init(entriesMax: Int = 1 << 18) { self.entriesMax = entriesMax }

    mutating func invalidate(_ node: NodeID, attributesOnly: Bool) {
        if let before = isAttributesOnly[node] {
            isAttributesOnly[node] = before && attributesOnly
            return
        }
        guard inodes.count < entriesMax else { return invalidateAll() }
        isAttributesOnly[node] = attributesOnly
        inodes.append(node)
    }

    /// The name, and the listing that the kernel keeps of its directory: that stays if the name was never seen.
    mutating func invalidate(_ name: FileName, in parent: NodeID) {
        insert(name, in: parent, drops: true)
    }

    /// The same of a name that is new.
    mutating func expire(_ name: FileName, in parent: NodeID) {
        insert(name, in: parent, drops: false)
    }

    private mutating func insert(_ name: FileName, in parent: NodeID, drops: Bool) {
        invalidate(parent, attributesOnly: false)
        let entry = Entry(parent: parent, name: name)
        if let before = queued[entry] {
            queued[entry] = before || drops
            return
        }
        guard queued.count < entriesMax else { return invalidateAll() }
        queued[entry] = drops
        entries.append(entry)
    }

    private mutating func invalidateAll() {
        overflows += 1
        (inodes, isAttributesOnly, entries, queued, setAside) = (Fifo(), [:], Fifo(), [:], [:])
        for name in Namespace.allCases.map(\.name) + [".persist"] { invalidate(name, in: .root) }
    }

    mutating func nextInode() -> Inode? {
        guard let node = inodes.popFirst() else { return nil }
        return Inode(node: node, attributesOnly: isAttributesOnly.removeValue(forKey: node) ?? false)
    }

    var isEmpty: Bool { isAttributesOnly.isEmpty && queued.isEmpty }

    /// Whether the kernel is still to be told of this node.
    func contains(_ node: NodeID) -> Bool { isAttributesOnly[node] != nil }

    /// - Returns: `drops`: the kernel is to drop it; else, to look it up again.
    mutating func nextEntry() -> (entry: Entry, drops: Bool)? {
        while let entry = entries.popFirst() {
            if unanswered[entry.parent] != nil {
                setAside[entry.parent, default: []].append(entry)
            } else {
                return (entry, queued.removeValue(forKey: entry) ?? true)
            }
        }
        return nil
    }

    /// A LOOKUP or READDIR of a directory came in.
    mutating func asked(_ parent: NodeID) { unanswered[parent, default: 0] += 1 }

    /// It is answered. - Returns: whether names of this directory can be told now.
    mutating func answered(_ parent: NodeID) -> Bool {
        guard let count = unanswered[parent] else { return false }
        guard count == 1 else {
            unanswered[parent] = count - 1
            return false
        }
        unanswered[parent] = nil
        guard let ready = setAside.removeValue(forKey: parent) else { return false }
        for entry in ready { entries.append(entry) }
        return true
    }
}

/// First in, first out, without moving what is behind.
struct Fifo<Element> {
    private var elements: [Element?] = []
    private var head = 0

    var count: Int { elements.count - head }

    mutating func append(_ element: Element) { elements.append(element) }

    mutating func popFirst() -> Element? {
        guard head < elements.count else { return nil }
        let element = elements[head]
        elements[head] = nil
        head += 1
        if head == elements.count {
            (elements, head) = ([], 0)
        } else if head >= 1024, head * 2 > elements.count {
            elements.removeFirst(head)
            head = 0
        }
        return element
    }
}
