/// The keys of a local store that begin with a prefix, in the order of their bytes, read as they are asked for.
struct KeyedListing: AsyncSequence, Sendable {
    let store: KeyedStore
    let prefix: [UInt8]

    func makeAsyncIterator() -> Iterator { Iterator(store: store, prefix: prefix) }

    struct Iterator: AsyncIteratorProtocol {
        private let store: KeyedStore
        private let prefix: [UInt8]
        /// What is still to come, the next one last.
        private var pending: [Item]

        /// A key, or what its keys begin with: that of a directory ends with `/`.
        private struct Item {
            enum What {
                case directory(Namespace)
                case value
                case stream
                case events(KeyedLines)
            }
            let key: [UInt8]
            let node: NodeID
            let what: What
        }

        init(store: KeyedStore, prefix: [UInt8]) {
            self.store = store
            self.prefix = prefix
            pending = Namespace.allCases.map { namespace in
                Item(
                    key: namespace.name.bytes + [UInt8(ascii: "/")], node: namespace.node, what: .directory(namespace))
            }
            pending = sorted(pending)
        }

        mutating func next() async throws -> StoreEntry? {
            while let item = pending.popLast() {
                switch item.what {
                case .directory(let namespace):
                    pending += try sorted(children(of: item, in: namespace))
                case .value:
                    let key = StoreKey(item.key)
                    if let value = try store.value(of: item.node, key) { return StoreEntry(key: key, value: value) }
                case .stream:
                    pending.append(
                        Item(key: item.key, node: item.node, what: .events(KeyedLines(stream: item.node))))
                case .events(var lines):
                    guard let (position, line) = try nextLine(&lines) else { continue }
                    pending.append(Item(key: item.key, node: item.node, what: .events(lines)))
                    let key = StoreKey(item.key + KeyedAddress.component(of: position))
                    if key.bytes.starts(with: prefix) { return StoreEntry(key: key, value: line) }
                }
            }
            return nil
        }

        /// nil also where the stream has gone meanwhile.
        private func nextLine(_ lines: inout KeyedLines) throws(StoreError) -> (position: UInt64, line: [UInt8])? {
            do throws(StoreError) { return try lines.next(of: store.store) } catch {
                guard error.kind == .notFound else { throw error }
                return nil
            }
        }

        /// Those that can be, or lead to, keys of the prefix, the last in order first.
        private func sorted(_ items: [Item]) -> [Item] {
            items.filter { item in
                switch item.what {
                case .value: item.key.starts(with: prefix)
                case .directory, .stream, .events: item.key.starts(with: prefix) || prefix.starts(with: item.key)
                }
            }
            .sorted { $1.key.lexicographicallyPrecedes($0.key) }
        }

        private func children(of item: Item, in namespace: Namespace) throws(StoreError) -> [Item] {
            var items: [Item] = []
            if let component = onlyDirectory(below: item.key) {
                // One name is asked for instead of all being listed; the value of that key itself has no such prefix.
                let name = KeyEscape.encode(component: component).name
                if let node = try store.lookup(name, in: item.node), node.kind == .directory {
                    items += [directory(node, item.key + component, namespace)]
                }
                guard namespace == .events else { return items }
                for name in [component, component + ".jsonl".utf8] {
                    let found = try store.lookup(KeyEscape.encode(component: name).name, in: item.node)
                    if let found, found.isStream { items += try child(found, of: item.key, in: namespace) }
                }
                return items
            }
            var cookie: UInt64 = 0
            do throws(StoreError) {
                while true {
                    let entries = try store.store.list(item.node, after: cookie, limit: 1_024)
                    guard let last = entries.last else { return items }
                    for entry in entries { items += try child(entry.node, of: item.key, in: namespace) }
                    cookie = last.cookie
                }
            } catch {
                // The directory went while it was being listed.
                guard error.kind == .notFound else { throw error }
                return items
            }
        }

        /// The component of the prefix behind `key`, where the prefix goes on behind that.
        private func onlyDirectory(below key: [UInt8]) -> [UInt8]? {
            guard prefix.starts(with: key) else { return nil }
            let rest = prefix.dropFirst(key.count)
            return rest.firstIndex(of: UInt8(ascii: "/")).map { Array(rest[..<$0]) }
        }

        private func child(_ node: Node, of key: [UInt8], in namespace: Namespace) throws(StoreError) -> [Item] {
            guard let component = KeyEscape.decode(node.name) else { return [] }
            if node.kind == .directory {
                var items = [directory(node, key + component, namespace)]
                let own = FileName(unchecked: PathNames.selfName)
                if let value = try store.lookup(own, in: node.id), store.hasValue(value),
                    let ownKey = PathNames.key(of: [node.name, own], in: namespace)
                {
                    items.append(Item(key: key + ownKey, node: value.id, what: .value))
                }
                return items
            }
            guard store.hasValue(node) else { return [] }
            if namespace == .events {
                let stream = key + StreamName.stream(ofFile: component) + [UInt8(ascii: "/")]
                return [Item(key: stream, node: node.id, what: .stream)]
            }
            guard let last = PathNames.key(of: [node.name], in: namespace) else { return [] }
            return [Item(key: key + last, node: node.id, what: .value)]
        }

        private func directory(_ node: Node, _ key: [UInt8], _ namespace: Namespace) -> Item {
            Item(key: key + [UInt8(ascii: "/")], node: node.id, what: .directory(namespace))
        }
    }
}
