/// Tables of medians, and the bars, in Markdown.
struct Report {
    let results: Results

    private static let sides = [
        "disk", "pt", "pta", "ptx", "juicefs", "persistfs", "records", "p4", "p8", "p16", "p64", "sqlite",
    ]
    private static let titles = [
        "juicefs": "JuiceFS", "sqlite": "SQLite alone", "records": "persistfs, records", "p4": "4 KiB pages",
        "p8": "8 KiB pages", "p16": "16 KiB pages", "p64": "64 KiB pages",
    ]

    var text: String {
        var lines: [String] = []
        for mode in results.modes { lines += table(mode) }
        lines += bars()
        lines += spread()
        let failed = results.failures.map { key, times in
            "\(key.measure), \(key.mode), \(key.side): failed \(times) times"
        }
        return (lines + failed.sorted()).joined(separator: "\n") + "\n"
    }

    private func table(_ mode: String) -> [String] {
        let sides = Self.sides.filter { side in results.runs.keys.contains { $0.mode == mode && $0.side == side } }
        let title = mode == "same" ? "same: client and daemon on one CPU" : "free: the scheduler decides"
        var lines = ["| \(title) | | " + sides.map { Self.titles[$0] ?? $0 }.joined(separator: " | ") + " |"]
        lines.append("|---|---|" + sides.map { _ in "---:|" }.joined())
        for measure in Measure.all {
            let cells = sides.map { results.median(measure, mode, $0).map(Figure.measured) ?? "" }
            if cells.allSatisfy(\.isEmpty) { continue }
            lines.append("| \(measure.title) | \(measure.unit.rawValue) | " + cells.joined(separator: " | ") + " |")
        }
        return lines + [""]
    }

    private func bars() -> [String] {
        var lines: [String] = []
        for bar in Bar.all {
            let measured = bar.modes.compactMap { mode in bar.reached(results, mode: mode).map { (mode, $0) } }
            guard !measured.isEmpty else { continue }
            let shown = measured.map { "\($0.0) \(Figure.ratio($0.1.value))" }.joined(separator: ", ")
            let verdict = measured.allSatisfy { $0.1.isHeld } ? "held" : "**missed**"
            let side = bar.side == "persistfs" ? "" : ", \(bar.side)"
            lines.append("| \(bar.measure.title)\(side) | \(bar.text) | \(shown) | \(verdict) |")
        }
        guard !lines.isEmpty else { return [] }
        return ["| bar | | measured | |", "|---|---|---|---|"] + lines + [""]
    }

    /// How far the rounds of passthrough_ll are apart: what a ratio to it can be trusted for.
    private func spread() -> [String] {
        var parts: [String] = []
        for measure in Measure.all {
            for mode in results.modes {
                let values = results.values(measure, mode, "pt")
                guard values.count > 1, let least = values.min(), let most = values.max(), least > 0 else { continue }
                parts.append("\(measure.name) \(mode) \(Figure.ratio(most / least))")
            }
        }
        return parts.isEmpty ? [] : ["Slowest over fastest round of pt: " + parts.joined(separator: ", ") + ".", ""]
    }
}
