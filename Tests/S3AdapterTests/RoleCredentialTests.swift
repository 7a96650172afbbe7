import Persist
import Synchronization
import Testing

@testable import S3Adapter

/// The metadata services of a container and an instance are AWS's own, and run nowhere else: here something answers as their
/// documentation says.
@Suite("Credentials of a role")
struct RoleCredentialTests {
    private static func http(_ body: String, status: String = "200 OK") -> String {
        "HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n\(body)"
    }

    private static func json(_ id: String, expires: String) -> String {
        #"{"Code":"Success","AccessKeyId":"\#(id)","SecretAccessKey":"s","Token":"t","Expiration":"\#(expires)"}"#
    }

    private static func source(_ variables: [String: String], _ change: (inout S3Options) -> Void = { _ in })
        -> CredentialSource
    {
        var options = S3Options(bucket: "b", region: "us-east-1")
        change(&options)
        return CredentialSource(options) { variables[$0] }
    }

    private func failure(_ source: CredentialSource) async -> StoreError? {
        do throws(StoreError) { _ = try await source.credentials() } catch { return error }
        return nil
    }

    @Test("an instance's role: a session first (IMDSv2), then its name, then its credentials; once, until they expire")
    func instance() async throws {
        let listener = try LoopbackListener()
        let requests = listener.serving(3) { request in
            switch request.prefix(while: { $0 != "\r\n" }) {
            case "PUT /latest/api/token HTTP/1.1": Self.http("session")
            case _ where !request.contains("x-aws-ec2-metadata-token: session\r\n"):
                Self.http("", status: "401 Unauthorized")
            case "GET /latest/meta-data/iam/security-credentials/ HTTP/1.1": Self.http("my-role\n")
            case "GET /latest/meta-data/iam/security-credentials/my-role HTTP/1.1":
                Self.http(Self.json("instance", expires: "2099-01-01T00:00:00Z"))
            default: Self.http("", status: "404 Not Found")
            }
        }
        let source = Self.source(["AWS_EC2_METADATA_SERVICE_ENDPOINT": listener.endpoint + "/"])
        let found = try await withThrowingTaskGroup(of: Credentials.self) { group in
            for _ in 0..<20 { group.addTask { try await source.credentials() } }
            return try await group.reduce(into: [Credentials]()) { $0.append($1) }
        }
        let expected = Credentials(accessKeyID: "instance", secretAccessKey: "s", sessionToken: "t")
        #expect(found.count == 20 && found.allSatisfy { $0 == expected })
        #expect(try await source.credentials() == expected)
        #expect(await requests.value.count == 3 && listener.takeAll() == 0)
    }

    @Test("a container's role, with its token; what is configured, and keys in the environment, go before it")
    func container() async throws {
        let listener = try LoopbackListener()
        let requests = listener.serving(1) { request in
            request.contains("authorization: secret\r\n") && request.hasPrefix("GET /v2/role?id=1 ")
                ? Self.http(Self.json("container", expires: "2099-01-01T00:00:00.5Z")) : Self.http("", status: "403 No")
        }
        var variables = [
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": listener.endpoint + "/v2/role?id=1",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": "secret",
        ]
        #expect(try await Self.source(variables).credentials().accessKeyID == "container")
        #expect(await requests.value.count == 1)
        let given = Self.source(variables) { $0.credentials = Credentials(accessKeyID: "a", secretAccessKey: "b") }
        #expect(try await given.credentials().accessKeyID == "a")
        variables.merge(["AWS_ACCESS_KEY_ID": "c", "AWS_SECRET_ACCESS_KEY": "d"]) { $1 }
        #expect(try await Self.source(variables).credentials().accessKeyID == "c")
        // Who asks for a profile means that one.
        variables["AWS_ACCESS_KEY_ID"] = nil
        #expect(await failure(Self.source(variables) { $0.profile = "none" })?.kind == .accessDenied)
        #expect(listener.takeAll() == 0)
    }

    @Test("a service that refuses, answers nonsense or is not there is named, and its answer is not shown")
    func failures() async throws {
        let listener = try LoopbackListener()
        let place = ["AWS_CONTAINER_CREDENTIALS_FULL_URI": listener.endpoint + "/x"]
        for (answer, kind) in [
            (Self.http("sesame", status: "403 No"), StoreError.Kind.accessDenied), (Self.http("sesame"), .accessDenied),
            (Self.http("sesame", status: "503 Later"), .timedOut),
        ] {
            let requests = listener.serving(1) { _ in answer }
            let error = await failure(Self.source(place))
            #expect(error?.kind == kind && "\(error!)".contains("/x") && !"\(error!)".contains("sesame"), "\(error!)")
            #expect(await requests.value.count == 1)
        }
        let elsewhere = Self.source(["AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://192.0.2.1/x"])
        #expect(await failure(elsewhere)?.kind == .accessDenied)
        let nowhere = Self.source(["AWS_EC2_METADATA_DISABLED": "true"])
        #expect(await failure(nowhere)?.hint?.contains("no credentials") == true)
    }

    @Test("a token goes over plain HTTP only to this machine")
    func trust() {
        for url in [
            "https://example.com/x", "http://127.0.0.1/", "http://127.9.9.9:80/", "http://localhost:1/x",
            "http://[::1]:80/x", "http://169.254.170.2/v2", "http://169.254.170.23", "http://[fd00:ec2::23]/x",
        ] { #expect(MetadataService.isTrusted(url), "\(url)") }
        for url in [
            "http://example.com/x", "http://127.0.0.1.example.com/", "http://127.0.0.1@example.com/",
            "ftp://127.0.0.1/",
            "http://169.254.169.254/", "http://127.0.0/", "http://127.0.0.256/", "http://[::2]/", "127.0.0.1/x", "",
        ] { #expect(!MetadataService.isTrusted(url), "\(url)") }
    }

    /// Answers in turn, and counts.
    private final class Service: RoleService {
        let asked = Mutex(0)
        private let answer: @Sendable (Int) throws(StoreError) -> TemporaryCredentials?
        init(_ answer: @escaping @Sendable (Int) throws(StoreError) -> TemporaryCredentials?) { self.answer = answer }

        func credentials() async throws(StoreError) -> TemporaryCredentials? {
            try answer(
                asked.withLock { asked in
                    asked += 1
                    return asked
                })
        }
        var count: Int { asked.withLock { $0 } }
    }

    private final class Clock: Sendable {
        let now = Mutex<Int64>(1_000)
        var read: @Sendable () -> Int64 { { [self] in now.withLock { $0 } } }
        func set(_ time: Int64) { now.withLock { $0 = time } }
    }

    @Test("they are asked for again five minutes before they expire, while the old ones serve on")
    func expiring() async throws {
        let clock = Clock()
        let service = Service { number throws(StoreError) in
            if number == 2 { throw StoreError(.timedOut) }
            return TemporaryCredentials(
                credentials: Credentials(accessKeyID: "\(number)", secretAccessKey: "s"),
                expires: Int64(number) * 3_600)
        }
        let role = RoleCredentials(service, clock: clock.read)
        #expect(try await role.credentials()?.accessKeyID == "1" && service.count == 1)
        clock.set(3_299)
        #expect(try await role.credentials()?.accessKeyID == "1" && service.count == 1)
        // Nobody waits for it, and one that fails harms nobody.
        clock.set(3_301)
        #expect(try await role.credentials()?.accessKeyID == "1")
        while service.count < 2 { try await Task.sleep(for: .milliseconds(2)) }
        try await Task.sleep(for: .milliseconds(20))
        #expect(try await role.credentials()?.accessKeyID == "1" && service.count == 2)
        clock.set(3_330)
        while try await role.credentials()?.accessKeyID != "3" { try await Task.sleep(for: .milliseconds(2)) }
        #expect(service.count == 3)
        clock.set(20_000)
        #expect(try await role.credentials() == nil && service.count == 4)
    }

    @Test("where nobody hands out any that is asked once in ten seconds, not for each request")
    func nobody() async throws {
        let clock = Clock()
        let service = Service { _ in nil }
        let role = RoleCredentials(service, clock: clock.read)
        for _ in 0..<50 { #expect(try await role.credentials() == nil) }
        #expect(service.count == 1)
        clock.set(1_011)
        #expect(try await role.credentials() == nil && service.count == 2)
    }
}
