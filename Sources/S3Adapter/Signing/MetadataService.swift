internal import Linux
internal import Persist

/// Where a container's or an instance's role gives its credentials: over HTTP, at addresses that are known
/// ("Container credential provider" of the AWS SDKs and Tools Reference Guide; IMDSv2 of the EC2 User Guide).
struct MetadataService: RoleService {
    private let environment: @Sendable (String) -> String?

    /// Who is there answers at once; on a machine without one nobody is to wait for long.
    private static let seconds = 2
    private static let answerBytesMax: UInt64 = 64 << 10
    private static let containerHost = "http://169.254.170.2"
    private static let instanceHost = "http://169.254.169.254"

    init(environment: @escaping @Sendable (String) -> String?) { self.environment = environment }

    func credentials() async throws(StoreError) -> TemporaryCredentials? {
        var options = CurlTransport.Options()
        (options.connectSeconds, options.stallSeconds, options.usesProxies) = (Self.seconds, Self.seconds, false)
        let transport = try CurlTransport(options)
        let found: Result<TemporaryCredentials?, StoreError>
        do throws(StoreError) { found = .success(try await credentials(by: transport)) } catch {
            found = .failure(error)
        }
        await transport.close()
        return try found.get()
    }

    private func credentials(by transport: CurlTransport) async throws(StoreError) -> TemporaryCredentials? {
        if let place = try containerPlace() {
            let token = try containerToken().map { [(name: "authorization", value: $0)] } ?? []
            let answer = try await ask("GET", place, token, transport)
            return try read(answer, from: place)
        }
        guard environment("AWS_EC2_METADATA_DISABLED")?.lowercased() != "true" else { return nil }
        return try await instanceCredentials(transport)
    }

    // MARK: A container

    private func containerPlace() throws(StoreError) -> String? {
        if let path = environment("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") { return Self.containerHost + path }
        guard let url = environment("AWS_CONTAINER_CREDENTIALS_FULL_URI") else { return nil }
        guard Self.isTrusted(url) else {
            throw StoreError(
                .accessDenied,
                hint: "AWS_CONTAINER_CREDENTIALS_FULL_URI is neither https nor at an address of this machine: not asked"
            )
        }
        return url
    }

    /// The token goes there, and the credentials come from there: in plain text only where nobody else can listen, on loopback
    /// and at the addresses of ECS and EKS.
    static func isTrusted(_ url: String) -> Bool {
        if url.hasPrefix("https://") { return true }
        guard url.hasPrefix("http://") else { return false }
        let authority = url.dropFirst(7).prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        // What stands before an @ is no host.
        guard !authority.contains("@") else { return false }
        let host = authority.hasPrefix("[") ? authority.prefix { $0 != "]" } + "]" : authority.prefix { $0 != ":" }
        let numbers = host.split(separator: ".", omittingEmptySubsequences: false)
        let isLoopback = numbers.count == 4 && numbers[0] == "127" && numbers.allSatisfy { UInt8($0) != nil }
        return isLoopback
            || ["localhost", "[::1]", "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"].contains(String(host))
    }

    private func containerToken() throws(StoreError) -> String? {
        guard let file = environment("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") else {
            return environment("AWS_CONTAINER_AUTHORIZATION_TOKEN")
        }
        guard let text = readWhole(file, bytesMax: 64 << 10) else {
            throw StoreError(.accessDenied, hint: "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE cannot be read: \(file)")
        }
        return String(decoding: text, as: UTF8.self).split { $0.isWhitespace }.first.map(String.init)
    }

    // MARK: An instance

    /// nil: this is none, or it has no role.
    private func instanceCredentials(_ transport: CurlTransport) async throws(StoreError) -> TemporaryCredentials? {
        let host = environment("AWS_EC2_METADATA_SERVICE_ENDPOINT").map(Self.withoutSlash) ?? Self.instanceHost
        let session = await transport.send(
            HTTPRequest(
                method: "PUT", url: host + "/latest/api/token",
                headers: [(name: "x-aws-ec2-metadata-token-ttl-seconds", value: "300")],
                answerBytesMax: Self.answerBytesMax))
        guard case .success(let answer) = session, answer.status == 200 else { return nil }
        let token = [(name: "x-aws-ec2-metadata-token", value: String(decoding: answer.body, as: UTF8.self))]
        let roles = host + "/latest/meta-data/iam/security-credentials/"
        let names = try await ask("GET", roles, token, transport)
        guard names.status != 404 else { return nil }
        guard names.status == 200, let role = String(decoding: names.body, as: UTF8.self).split(separator: "\n").first
        else { throw Self.refused(names, roles) }
        return try read(try await ask("GET", roles + role, token, transport), from: roles + role)
    }

    private static func withoutSlash(_ url: String) -> String { url.hasSuffix("/") ? String(url.dropLast()) : url }

    // MARK: Both

    private func ask(
        _ method: String, _ url: String, _ headers: [(name: String, value: String)], _ transport: CurlTransport
    ) async throws(StoreError) -> HTTPResponse {
        let request = HTTPRequest(method: method, url: url, headers: headers, answerBytesMax: Self.answerBytesMax)
        switch await transport.send(request) {
        case .success(let answer): return answer
        case .failure(.curl(let code, let words, _, _)):
            throw StoreError(.timedOut, code: code, hint: "\(url), which has the credentials of the role: \(words)")
        case .failure: throw StoreError(.timedOut, hint: "\(url) does not give the credentials of the role")
        }
    }

    private func read(_ answer: HTTPResponse, from url: String) throws(StoreError) -> TemporaryCredentials {
        guard answer.status == 200, let found = TemporaryCredentials(json: answer.body) else {
            throw Self.refused(answer, url)
        }
        return found
    }

    /// What is in the answer is not shown: it may be a secret.
    private static func refused(_ answer: HTTPResponse, _ url: String) -> StoreError {
        let isBusy = answer.status == 429 || answer.status >= 500
        return StoreError(
            isBusy ? .timedOut : .accessDenied,
            hint: "\(url) gives no credentials of the role (status \(answer.status))")
    }
}
