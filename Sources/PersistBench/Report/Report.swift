/// Tables of medians, and the bars, in Markdown.
struct Report {
    let results: Results

    private static let sides = [
        "disk", "pt", "pta", "ptx", "rclone", "s3fs", "juicefs", "writeback", "persistfs", "records", "cached", "p4",
        "p8", "p16", "p64", "sqlite",
    ]
    private static let titles = [
        "juicefs": "JuiceFS", "writeback": "JuiceFS `--writeback`", "sqlite": "SQLite alone",
        "records": "persistfs, records", "cached": "persistfs, exec:",
        "p4": "4 KiB pages",
        "p8": "8 KiB pages", "p16": "16 KiB pages", "p64": "64 KiB pages",
    ]

    var text: String {
        let failed = results.failures.map { key, times in
            "\(key.measure), \(key.mode), \(key.side): failed \(times) times"
        }
        return (medians() + alone() + requests() + bars() + spread() + failed.sorted()).joined(separator: "\n") + "\n"
    }

    /// What several sides were measured in; the modes beside each other.
    private func medians() -> [String] {
        let compared = Measure.all.filter { sides(of: $0).count > 1 }
        let there = Set(compared.flatMap { sides(of: $0) })
        let columns = Self.sides.filter(there.contains)
        guard !columns.isEmpty else { return [] }
        var lines = [
            "| \(results.modes.joined(separator: " · ")) | | "
                + columns.map { Self.titles[$0] ?? $0 }.joined(separator: " | ") + " |",
            "|---|---|" + columns.map { _ in "---:|" }.joined(),
        ]
        for measure in compared {
            let cells = columns.map { cell(measure, $0) }
            lines.append("| \(measure.title) | \(measure.unit.rawValue) | " + cells.joined(separator: " | ") + " |")
        }
        return lines + [""]
    }

    /// What one side alone was measured in.
    private func alone() -> [String] {
        let lines = Measure.all.compactMap { measure -> String? in
            let sides = sides(of: measure)
            guard sides.count == 1 else { return nil }
            let title = Self.titles[sides[0]] ?? sides[0]
            return "| \(title): \(measure.title) | \(measure.unit.rawValue) | \(cell(measure, sides[0])) |"
        }
        return lines.isEmpty ? [] : ["| | | |", "|---|---|---:|"] + lines + [""]
    }

    private func sides(of measure: Measure) -> [String] {
        Self.sides.filter { side in results.modes.contains { results.median(measure, $0, side) != nil } }
    }

    /// The modes in which this was measured anywhere; where it was not in this side, a dash.
    private func cell(_ measure: Measure, _ side: String) -> String {
        let modes = results.modes.filter { mode in
            Self.sides.contains { results.median(measure, mode, $0) != nil }
        }
        let cells = modes.map { results.median(measure, $0, side).map(Figure.measured) }
        return cells.contains { $0 != nil } ? cells.map { $0 ?? "–" }.joined(separator: " · ") : ""
    }

    /// What each side asked its server for: a table for each mode.
    private func requests() -> [String] {
        results.modes.flatMap { mode -> [String] in
            let counted = Measure.all.filter { measure in
                Self.sides.contains { results.requests(measure, mode, $0) != nil }
            }
            let columns = Self.sides.filter { side in
                counted.contains { results.requests($0, mode, side) != nil }
            }
            guard !columns.isEmpty else { return [] }
            let head = [
                "| requests, \(mode) | " + columns.map { Self.titles[$0] ?? $0 }.joined(separator: " | ") + " |",
                "|---|" + columns.map { _ in "---|" }.joined(),
            ]
            return head
                + counted.map { measure in
                    let cells = columns.map { results.requests(measure, mode, $0)?.text ?? "" }
                    return "| \(measure.title) | " + cells.joined(separator: " | ") + " |"
                } + [""]
        }
    }

    private func bars() -> [String] {
        var lines: [String] = []
        var held = 0
        for bar in Bar.all {
            let measured = (bar.modes ?? results.modes).compactMap { mode in
                bar.reached(results, mode: mode).map { (mode, $0) }
            }
            guard !measured.isEmpty else { continue }
            let shown = measured.map { "\($0.0) \(Figure.ratio($0.1.value))" }.joined(separator: ", ")
            let title = bar.measure.title + (bar.side == "persistfs" ? "" : ", \(bar.side)")
            let isHeld = measured.allSatisfy { $0.1.isHeld }
            if isHeld { held += 1 }
            lines.append("| \(title) | \(bar.text) | \(shown) | \(isHeld ? "held" : "**missed**") |")
        }
        guard !lines.isEmpty else { return [] }
        let summary = "\(held) of \(lines.count) bars held."
        return ["| | bar | measured | |", "|---|---|---|---|"] + lines + ["", summary, ""]
    }

    /// How far the rounds of passthrough_ll, where it takes no part of persistfs, are apart: what a ratio can be trusted
    /// for.
    private func spread() -> [String] {
        var parts: [String] = []
        let side = results.runs.keys.contains { $0.side == "pt" } ? "pt" : "persistfs"
        for measure in Measure.all {
            for mode in results.modes {
                let values = results.values(measure, mode, side)
                guard values.count > 1, let least = values.min(), let most = values.max(), least > 0 else { continue }
                parts.append("\(measure.name) \(mode) \(Figure.ratio(most / least))")
            }
        }
        return parts.isEmpty
            ? [] : ["Slowest over fastest round of \(side): " + parts.joined(separator: ", ") + ".", ""]
    }
}
