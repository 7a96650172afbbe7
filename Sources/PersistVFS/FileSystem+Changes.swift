public import Persist

extension FileSystem: StoreObserver {
    public func contentWent(of id: NodeID) { seen.forget(id) }

    /// What others have changed: the kernel forgets it, exactly (R9). On the store's thread.
    public func storeChanged(_ changes: [StoreChange]) {
        for change in changes {
            switch change {
            case .content(let id):
                seen.forget(id)
                kernel.invalidate(id, attributesOnly: false)
            case .attributes(let id):
                kernel.invalidate(id, attributesOnly: true)
            case .entry(let parent, let name):
                kernel.invalidate(name, in: parent)
            case .newEntry(let parent, let name):
                kernel.expire(name, in: parent)
            case .everything:
                seen.forgetAll()
                for open in opens.all { kernel.invalidate(opens.key(open), attributesOnly: false) }
                // Dropping a namespace's name drops all that the kernel keeps below it.
                for namespace in Namespace.allCases { kernel.invalidate(namespace.name, in: .root) }
            }
        }
        retryLingering()
    }
}
