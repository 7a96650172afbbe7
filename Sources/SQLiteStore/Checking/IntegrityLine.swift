internal import Persist

/// A line of `PRAGMA integrity_check`: what SQLite finds wrong with its own file.
struct IntegrityLine {
    enum Cure {
        /// REINDEX: the table has all that the index lacks.
        case index
        /// VACUUM: pages that nobody uses are lost, and nothing else.
        case pages
        /// A document that is none: a matter of its row.
        case row
        /// What is on the page is gone.
        case none
    }

    let text: String

    var cure: Cure {
        if text.contains(" index ") { return .index }
        if text.contains("CHECK constraint failed in records") { return .row }
        if [
            "never used", "Freelist", "freelist", "free-page", "ptr map", "max rootpage",
        ].contains(where: text.contains) {
            return .pages
        }
        return .none
    }

    var hint: String? { cure == .none ? Self.salvageHint : nil }

    static let salvageHint = "restore a copy, or let check --repair save what can be read into a new file"

    /// - Parameter isComplete: not the first few only.
    static func all(of db: Connection, isComplete: Bool = false) throws(StoreError) -> [IntegrityLine] {
        let sql: StaticString = isComplete ? "PRAGMA integrity_check(1000000)" : "PRAGMA integrity_check(20)"
        // A message may have several lines.
        return try db.all(sql, read: { $0.string(0) }).flatMap { text in
            text.split(separator: "\n").filter { !$0.hasPrefix("***") }.map { IntegrityLine(text: String($0)) }
        }.filter { $0.text != "ok" }
    }
}
