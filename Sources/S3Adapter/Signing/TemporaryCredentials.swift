internal import Persist

/// Credentials that expire.
struct TemporaryCredentials: Sendable, Equatable {
    var credentials: Credentials
    /// Seconds since 1970; nil: never.
    var expires: Int64?

    /// Before that there is time to get others.
    private static let earlySeconds: Int64 = 300

    func isUsable(at now: Int64) -> Bool { expires.map { now < $0 } ?? true }
    func isFresh(at now: Int64) -> Bool { expires.map { now < $0 - Self.earlySeconds } ?? true }
}

extension TemporaryCredentials {
    /// As the metadata services of containers and instances answer: `AccessKeyId`, `SecretAccessKey`, `Token`, `Expiration`.
    /// nil: it is not that.
    init?(json: [UInt8]) {
        guard let node = try? JSON5Reader.read(json), case .object(let members) = node.value else { return nil }
        var texts: [String: String] = [:]
        for member in members { if case .string(let text) = member.value.value { texts[member.key] = text } }
        guard let id = texts["AccessKeyId"], !id.isEmpty, let secret = texts["SecretAccessKey"], !secret.isEmpty else {
            return nil
        }
        let token = texts["Token"].flatMap { $0.isEmpty ? nil : $0 }
        self.init(
            credentials: Credentials(accessKeyID: id, secretAccessKey: secret, sessionToken: token),
            expires: texts["Expiration"].flatMap { HTTPDate.nanoseconds(ofISO: Array($0.utf8)) }.map {
                $0 / 1_000_000_000
            })
    }
}
