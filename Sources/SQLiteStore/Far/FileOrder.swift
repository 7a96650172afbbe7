/// An order in which programs read files whose content is not here.
public enum FileOrder: Sendable, CaseIterable {
    /// In which they were noted here: of those that a listing told of, that of their keys.
    case noted
    /// In which their directory shows them.
    case shown

    /// Files after ?1, at most ?2 bytes long, no more than ?3, whose content is not here. It looks at a few only: of a million
    /// files that are here none is to be waited for.
    var statement: StaticString {
        switch self {
        case .noted:
            """
            SELECT n.ino, size FROM (SELECT ino FROM away WHERE ino > ?1 ORDER BY ino LIMIT 64) AS n JOIN node USING (ino)
                WHERE cookie >= 0 AND size BETWEEN 1 AND ?2 ORDER BY ino LIMIT ?3
            """
        case .shown:
            """
            SELECT n.ino, size FROM (
                    SELECT b.ino, b.size, b.cookie FROM node AS a JOIN node AS b ON b.parent = a.parent AND b.cookie > a.cookie
                        WHERE a.ino = ?1 AND b.cookie >= 0 ORDER BY b.cookie LIMIT 64) AS n JOIN away USING (ino)
                WHERE size BETWEEN 1 AND ?2 ORDER BY n.cookie LIMIT ?3
            """
        }
    }
}
