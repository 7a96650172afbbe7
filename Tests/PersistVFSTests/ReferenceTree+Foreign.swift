/// What another program writes into the tables (R9, R10).
extension ReferenceTree {
    /// Where the key's value is shown; nil where another rule decides: a name on the way that is a file, a name that is a
    /// directory, one that is in memory only.
    func pathOfForeign(_ path: String) -> String? {
        guard !directories.contains(path) else { return nil }
        if let file = files[path] { return file.published == nil ? nil : path }
        var above = Self.parent(path)
        while above.contains("/") {
            if files[above] != nil { return nil }
            above = Self.parent(above)
        }
        return path
    }

    mutating func foreignPut(_ path: String, _ value: [UInt8]) {
        var above = Self.parent(path)
        while above.contains("/") {
            directories.insert(above)
            above = Self.parent(above)
        }
        let file = files[path] ?? File(path: path)
        if files[path] == nil {
            file.isNew = false
            files[path] = file
        }
        file.published = value
        file.revision += 1
    }

    mutating func foreignDelete(_ path: String) {
        // A placeholder is no row.
        guard let file = files[path], file.revision != 0 else { return }
        files[path] = nil
        file.isUnlinked = true
        file.isForeignGone = true
    }
}
