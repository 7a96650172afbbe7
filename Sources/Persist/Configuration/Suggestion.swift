/// "Did you mean": the word that differs least from a misspelt one.
public enum Suggestion {
    /// nil where none is near: at most two letters wrong, left out, added or swapped, and at most half of the word.
    public static func nearest(to word: String, among known: [String]) -> String? {
        let letters = Array(word.lowercased().utf8)
        let best = known.map { (word: $0, distance: distance(letters, Array($0.lowercased().utf8))) }
            .min { $0.distance < $1.distance }
        guard let best, best.distance <= min(2, max(1, letters.count / 2)) else { return nil }
        return best.word
    }

    /// Edits from one to the other; two neighbours swapped are one.
    private static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        var before = [Int](repeating: 0, count: b.count + 1)
        var row = Array(0...b.count)
        for i in 0..<a.count {
            var next = [i + 1] + [Int](repeating: 0, count: b.count)
            for j in 0..<b.count {
                next[j + 1] = min(next[j] + 1, row[j + 1] + 1, row[j] + (a[i] == b[j] ? 0 : 1))
                if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] {
                    next[j + 1] = min(next[j + 1], before[j - 1] + 1)
                }
            }
            (before, row) = (row, next)
        }
        return row[b.count]
    }
}
