/// Numbers of files in words: `1 file`, `2 files`.
public enum CountText {
    public static func files(_ count: Int) -> String { count == 1 ? "1 file" : "\(count) files" }

    /// `1 file has`, `2 files have`.
    public static func have(_ count: Int) -> String { "\(files(count)) \(count == 1 ? "has" : "have")" }
}
