import Persist
import SQLiteStore

/// Far sides to which keys are paths: none holds a value beside those below its key.
extension Upload {
    static func isOfWay(_ kind: StoreError.Kind) -> Bool { kind == .isDirectory || kind == .notDirectory }

    /// A refusal of such a far side, as what it is: where what is in the way was sent from here, and goes away now, it is
    /// over soon, and else final.
    func judged(_ error: StoreError, at path: ShownPath) throws(StoreError) -> StoreError {
        guard try isInOwnWay(error.kind, path) else { return error }
        return StoreError(
            .timedOut, key: error.key, code: error.code, hint: "goes when what had this name has been removed there")
    }

    private func isInOwnWay(_ kind: StoreError.Kind, _ path: ShownPath) throws(StoreError) -> Bool {
        switch kind {
        case .isDirectory: return try store.hasFarRecords(below: path.text)
        case .notDirectory:
            for count in 1..<max(path.names.count, 1) {
                let parent = ShownPath(path.namespace, Array(path.names.prefix(count)))
                // What is a directory here may still be a file there, or what has side data alone, as a symlink.
                guard let record = try store.farRecord(at: parent.text) else { continue }
                if record.key != nil || record.metaKey?.last != UInt8(ascii: "/") { return true }
            }
            return false
        default: return false
        }
    }
}
