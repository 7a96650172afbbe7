import Glibc
import Synchronization

/// A server that speaks S3's protocol, on this machine alone, with its data in a directory of its own.
///
/// `scripts/servers` installs them; `PERSISTFS_S3_SERVERS` says where. One of each kind serves all tests of a process:
/// each takes a prefix of its own.
public final class S3Server: Sendable {
    public enum Kind: String, Sendable, CaseIterable {
        case seaweedfs
        /// JuiceFS's gateway, which is MinIO's over a local filesystem.
        case juicefs
    }

    public static let bucket = "persistfs-tests"
    public static let accessKeyID = "persistfs-key"
    public static let secretAccessKey = "persistfs-secret+/="

    public let kind: Kind
    /// `http://127.0.0.1:PORT`.
    public let endpoint: String
    private let child: ChildProcess
    private let directory: String
    private static let running = Mutex<[Kind: Task<S3Server, any Error>]>([:])
    private static let prefixes = Atomic<Int>(0)

    /// The one of this process, which ends with it. - Throws: where it is not installed, or does not start.
    public static func shared(_ kind: Kind) async throws -> S3Server {
        try await running.withLock { running in
            if let there = running[kind] { return there }
            let starting = Task.detached { try await S3Server(kind) }
            running[kind] = starting
            return starting
        }.value
    }

    /// One that no other test uses.
    public static func freshPrefix() -> String {
        "t\(getpid())-\(prefixes.add(1, ordering: .relaxed).newValue)"
    }

    private init(_ kind: Kind) async throws {
        self.kind = kind
        guard let tools = Binary.environment("PERSISTFS_S3_SERVERS") else {
            throw HarnessError("PERSISTFS_S3_SERVERS is not set: scripts/servers prints what it is")
        }
        let directory = "\(Janitor.directory)/\(kind.rawValue)"
        self.directory = directory
        guard mkdir(directory, 0o700) == 0 else { throw HarnessError(failed: "mkdir \(directory)") }
        let port = try freePort()
        endpoint = "http://127.0.0.1:\(port)"
        let log = directory + "/log"
        var environment = ["PATH=/usr/bin:/bin", "HOME=\(directory)", "TMPDIR=\(directory)"]
        let command: [String]
        switch kind {
        case .seaweedfs:
            try writeFile(directory + "/s3.json", Array(Self.seaweedConfiguration.utf8))
            var ports: [String: UInt16] = [:]
            // Those for gRPC too: by themselves they are 10,000 higher, which may be none.
            for part in ["master", "volume", "filer", "s3"] {
                ports[part] = part == "s3" ? port : try freePort()
                ports[part + ".grpc"] = try freePort()
            }
            command =
                [
                    "\(tools)/weed", "server", "-dir=\(directory)", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-filer",
                    "-filer.localSocket=\(directory)/filer.sock", "-s3", "-s3.localSocket=\(directory)/s3.sock",
                    "-s3.config=\(directory)/s3.json", "-s3.port.iceberg=0", "-s3.port.lance=0",
                    "-master.volumeSizeLimitMB=64", "-volume.max=100", "-master.telemetry=false",
                ]
                + ports.map { name, port in
                    let parts = name.split(separator: ".")
                    return "-\(parts[0]).port\(parts.count > 1 ? ".grpc" : "")=\(port)"
                }
            // Those of gRPC are always made there.
            let sockets = ports.filter { $0.key.hasSuffix(".grpc") }.map {
                "/tmp/seaweedfs-\($0.key.dropLast(5))-grpc-\($0.value).sock\n"
            }
            try writeFile(directory + "/" + Janitor.elsewhereFile, Array(sockets.joined().utf8))
        case .juicefs:
            environment += ["MINIO_ROOT_USER=\(Self.accessKeyID)", "MINIO_ROOT_PASSWORD=\(Self.secretAccessKey)"]
            command = [
                "sh", "-c",
                """
                "$0/juicefs" format -q --storage file --bucket "$1/data/" --trash-days 0 "sqlite3://$1/meta.db" tests &&
                exec "$0/juicefs" gateway --no-usage-report --multi-buckets --keep-etag --object-meta --cache-dir "$1/cache" \
                    "sqlite3://$1/meta.db" "127.0.0.1:$2"
                """, tools, directory, "\(port)",
            ]
        }
        child = try ChildProcess(command, environment: environment, output: log, errors: log)
        let child = child
        try writeFile(directory + "/" + Janitor.groupFile, Array("\(child.pid)\n".utf8))
        try await eventually("\(kind.rawValue) answers", within: .seconds(90)) {
            guard child.statusNow == nil else {
                let text = readFile(log).map { String(decoding: $0.suffix(4_000), as: UTF8.self) } ?? ""
                throw HarnessError("\(kind.rawValue) has ended:\n\(text)", isFinal: true)
            }
            return canConnect(port)
        }
    }

    private static let seaweedConfiguration = """
        {"identities": [{"name": "tests", "actions": ["Admin", "Read", "List", "Tagging", "Write"],
            "credentials": [{"accessKey": "\(accessKeyID)", "secretKey": "\(secretAccessKey)"}]}]}
        """
}

/// A port of this machine that nobody listens on now, each once. Below those that the kernel gives to whoever asks for any
/// (ip_local_port_range of ip(7)): a connection of another test would have it before the server does.
private func freePort() throws(HarnessError) -> UInt16 {
    for _ in 0..<1_000 {
        let port = UInt16.random(in: 10_000..<32_000)
        guard givenPorts.withLock({ $0.insert(port).inserted }) else { continue }
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw HarnessError(failed: "socket") }
        defer { close(descriptor) }
        var address = loopback(port)
        let isFree = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                bind(descriptor, generic, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        if isFree { return port }
    }
    throw HarnessError("no port is free")
}

private let givenPorts = Mutex<Set<UInt16>>([])

private func canConnect(_ port: UInt16) -> Bool {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var address = loopback(port)
    return withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
            connect(descriptor, generic, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
        }
    }
}

func loopback(_ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return address
}
