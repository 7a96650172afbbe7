/// What one side has to reach, against another in the same run or for itself.
struct Bar {
    enum Limit {
        /// Over the same measure of another side: times and rates, at most and at least.
        case atMost(Double, of: String)
        case atLeast(Double, of: String)
        /// So many times as fast as another side, whatever the unit.
        case timesAsFast(Double, as: String)
        /// So many times as fast as the best of those that were measured.
        case timesAsFastAsBest(Double, of: [String])
        /// Over another measure of the same side.
        case atMostOther(Double, measure: String)
        /// In the measure's own unit.
        case below(Double)
        /// p99 over p50.
        case tail(Double)
    }

    var measure: Measure
    var side: String
    var limit: Limit
    /// nil: in all.
    var modes: [String]?

    init(_ measure: String, _ limit: Limit, side: String = "persistfs", mode: String? = nil) {
        guard let found = Measure.named(measure) else { preconditionFailure("no measure \(measure)") }
        self.measure = found
        self.limit = limit
        self.side = side
        modes = mode.map { [$0] }
    }

    var text: String {
        switch limit {
        case .atMost(let factor, let other): "≤ \(Figure.short(factor)) × \(other)"
        case .atLeast(let factor, let other): "≥ \(Figure.short(factor)) × \(other)"
        case .timesAsFast(let factor, let other): "\(Figure.short(factor)) times as fast as \(other)"
        case .timesAsFastAsBest(let factor, _):
            factor == 1 ? "first" : "\(Figure.short(factor)) times as fast as the best rival"
        case .atMostOther(let factor, let other):
            "≤ \(Figure.short(factor)) × \(Measure.named(other)?.title ?? other)"
        case .below(let most): "< \(Figure.short(most)) \(measure.unit.rawValue)"
        case .tail(let factor): "p99 < \(Figure.short(factor)) × p50"
        }
    }

    /// What was reached in this mode, and whether it is enough; nil where something was not measured.
    func reached(_ results: Results, mode: String) -> (value: Double, isHeld: Bool)? {
        func over(_ measure: Measure, _ side: String) -> Double? {
            guard let ours = results.median(self.measure, mode, self.side), ours > 0,
                let theirs = results.median(measure, mode, side), theirs > 0
            else { return nil }
            return ours / theirs
        }
        switch limit {
        case .atMost(let factor, let other): return over(measure, other).map { ($0, $0 <= factor) }
        case .atLeast(let factor, let other): return over(measure, other).map { ($0, $0 >= factor) }
        case .timesAsFast(let factor, let other):
            return over(measure, other).map { measure.unit.isRate ? $0 : 1 / $0 }.map { ($0, $0 >= factor) }
        case .timesAsFastAsBest(let factor, let others):
            let all = others.compactMap { over(measure, $0) }.map { measure.unit.isRate ? $0 : 1 / $0 }
            return all.min().map { ($0, $0 >= factor) }
        case .atMostOther(let factor, let other):
            return Measure.named(other).flatMap { over($0, side) }.map { ($0, $0 <= factor) }
        case .below(let most): return results.median(measure, mode, side).map { ($0, $0 < most) }
        case .tail(let factor): return results.tail(measure, mode, side).map { ($0, $0 < factor) }
        }
    }
}
