public import Persist

/// All that a store shows, in lines that can be compared.
public enum StoreTree {
    /// What a far side with four methods keeps of it: no placeholders, no times of birth and of reading, no holes, no
    /// rejected versions; the last line of a log ends.
    public static func kept(of store: any LocalStore) throws -> [String] {
        let client = StoreClient(store, .memory)
        return try StoreView.tree(in: client, isExact: false).filter { !$0.contains(", no value") }
    }
}
