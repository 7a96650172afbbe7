import PersistMount
import SQLiteStore

/// What `check` says of a store: for programs as it is, for people as text.
struct CheckAnswer: Encodable {
    struct Finding: Encodable {
        var path: String
        var problem: String
        /// Where it cannot be mended: what to do.
        var hint: String?

        init(_ finding: CheckFinding) {
            path = ShownText.line(finding.path)
            problem = ShownText.line(finding.problem)
            hint = finding.hint
        }
    }

    struct Mended: Encodable {
        var path: String
        var problem: String
        var done: String

        init(_ repair: Repair) {
            path = ShownText.line(repair.path)
            problem = ShownText.line(repair.problem)
            done = ShownText.line(repair.done)
        }
    }

    struct Salvaged: Encodable {
        var path: String
        var rows: Int
        var refusedRows: Int
        var incompleteTables: [String]
        var repairs: [Mended]
        var isSound: Bool
        var findings: [Finding]
    }

    var store: String
    /// Now.
    var isSound: Bool
    var findings: [Finding]
    /// Of `--repair` only.
    var repairs: [Mended]?
    var backup: String?
    var salvaged: Salvaged?
    var olderSalvage: String?

    init(_ path: String, _ findings: [CheckFinding]) {
        store = ShownText.line(path)
        isSound = findings.isEmpty
        self.findings = findings.map(Finding.init)
    }

    init(_ path: String, _ report: RepairReport) {
        self.init(path, report.left)
        repairs = report.repairs.map(Mended.init)
        backup = report.backup.map(ShownText.line)
        olderSalvage = report.olderSalvage.map(ShownText.line)
        salvaged = report.salvage.map { found in
            Salvaged(
                path: ShownText.line(found.path), rows: found.rows, refusedRows: found.refused,
                incompleteTables: found.incomplete, repairs: found.repairs.map(Mended.init),
                isSound: found.left.isEmpty, findings: found.left.map(Finding.init))
        }
    }

    var text: String {
        var lines: [String] = []
        if let backup { lines.append("the file as it was: \(backup)") }
        lines += (repairs ?? []).map(Self.line)
        lines += findings.map { Self.line($0, of: store, isRepair: repairs != nil && salvaged == nil) }
        if isSound { lines.append("\(store): all is well\(repairs?.isEmpty == false ? " now" : "")") }
        if let olderSalvage {
            lines.append("\(store) was not changed, and \(olderSalvage) is there already: look at that first")
        }
        if let salvaged { lines += Self.lines(salvaged, of: store) }
        return lines.joined(separator: "\n")
    }

    private static func line(_ repair: Mended) -> String {
        "\(repair.path.isEmpty ? "" : repair.path + ": ")\(repair.problem): \(repair.done)"
    }

    private static func line(_ finding: Finding, of store: String, isRepair: Bool) -> String {
        let what = "\(finding.path.isEmpty ? store : finding.path): \(finding.problem)"
        guard isRepair else { return what }
        return what + "; not mended: \(finding.hint ?? "restore a copy")"
    }

    private static func lines(_ salvaged: Salvaged, of store: String) -> [String] {
        let refused = salvaged.refusedRows > 0 ? ", without \(salvaged.refusedRows) that were there twice" : ""
        let missing = salvaged.incompleteTables.joined(separator: ", ")
        var lines = [
            "\(store) was not changed. What can be read of it is in \(salvaged.path)",
            "  (\(salvaged.rows) rows\(refused)\(missing.isEmpty ? "" : "; some are missing of: " + missing))",
        ]
        lines += salvaged.repairs.map { "  " + line($0) }
        lines += salvaged.findings.map { "  " + line($0, of: salvaged.path, isRepair: true) }
        lines.append("Look at it (persistfs ls -R \(salvaged.path)); then put it in the place of \(store).")
        return lines
    }
}
