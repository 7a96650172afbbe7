internal import Glibc
internal import Linux
internal import Persist

/// Where credentials come from, in the order in which other tools look: the configuration, the environment, the shared
/// files of AWS's tools, the role of the container or the instance.
struct CredentialSource: Sendable {
    private let options: S3Options
    private let environment: @Sendable (String) -> String?
    private let role: RoleCredentials

    init(_ options: S3Options, environment: @escaping @Sendable (String) -> String? = Self.variable) {
        self.options = options
        self.environment = environment
        role = RoleCredentials(MetadataService(environment: environment))
    }

    /// - Throws: `.accessDenied` with words on what was looked for; `.timedOut` where a role should have some.
    func credentials() async throws(StoreError) -> Credentials {
        if let given = options.credentials { return given }
        if options.profile == nil, let id = environment("AWS_ACCESS_KEY_ID"),
            let secret = environment("AWS_SECRET_ACCESS_KEY")
        {
            return Credentials(
                accessKeyID: id, secretAccessKey: secret, sessionToken: environment("AWS_SESSION_TOKEN"))
        }
        let profile = options.profile ?? environment("AWS_PROFILE") ?? "default"
        for (file, section) in files(profile) {
            guard let text = readWhole(file, bytesMax: 1 << 20) else { continue }
            let values = ProfileFile(text)[section]
            if let id = values["aws_access_key_id"], let secret = values["aws_secret_access_key"] {
                return Credentials(
                    accessKeyID: id, secretAccessKey: secret, sessionToken: values["aws_session_token"])
            }
        }
        // Who asks for a profile means that one.
        if options.profile == nil, let found = try await role.credentials() { return found }
        throw StoreError(
            .accessDenied,
            hint: "no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or write the profile "
                + "'\(profile)' into ~/.aws/credentials")
    }

    private func files(_ profile: String) -> [(file: String, section: String)] {
        let home = (environment("HOME") ?? "") + "/.aws/"
        return [
            (environment("AWS_SHARED_CREDENTIALS_FILE") ?? home + "credentials", profile),
            (
                environment("AWS_CONFIG_FILE") ?? home + "config",
                profile == "default" ? profile : "profile \(profile)"
            ),
        ]
    }

    static let variable: @Sendable (String) -> String? = { name in
        guard let value = getenv(name) else { return nil }
        let text = String(cString: value)
        return text.isEmpty ? nil : text
    }
}
