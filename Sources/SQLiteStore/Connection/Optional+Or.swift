internal import Persist

extension Optional {
    /// `??` whose right side throws a type.
    func or(_ other: () throws(StoreError) -> Wrapped) throws(StoreError) -> Wrapped {
        if let self { self } else { try other() }
    }
}
