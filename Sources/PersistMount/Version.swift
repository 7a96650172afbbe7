/// Of this program; the store's schema has a version of its own.
public enum Version {
    public static let text = "0.1.0"
}
