import Persist
import PersistTestKit
import S3Adapter

/// A prefix that no other test uses, in a bucket that is there.
struct MountedBucket {
    var endpoint: String
    let prefix: String

    static func make(_ kind: S3Server.Kind) async throws -> MountedBucket {
        let bucket = MountedBucket(
            endpoint: try await S3Server.shared(kind).endpoint, prefix: S3Server.freshPrefix())
        let adapter = try S3Adapter(bucket.options(prefix: "")) { print($0) }
        // A server listens before all of it is there.
        try await eventually("there is a bucket", within: .seconds(60)) {
            do { try await adapter.makeBucket() } catch { throw HarnessError("\(error)") }
            return true
        }
        await adapter.close()
        return bucket
    }

    func options(prefix: String) -> S3Options {
        var options = S3Options(bucket: S3Server.bucket, region: "us-east-1")
        options.endpoint = endpoint
        options.prefix = prefix
        options.credentials = Credentials(
            accessKeyID: S3Server.accessKeyID, secretAccessKey: S3Server.secretAccessKey)
        return options
    }

    /// STORE of a mount.
    var store: String { "s3://\(S3Server.bucket)/\(prefix)?endpoint=\(endpoint)" }

    static let credentials = [
        "AWS_ACCESS_KEY_ID": S3Server.accessKeyID, "AWS_SECRET_ACCESS_KEY": S3Server.secretAccessKey,
    ]

    /// A script that prints all that a mount of it shows: names, modes, sizes, times and sums.
    static let tree = #"""
        find records kv blobs events -mindepth 1 \( -type d -printf '%p %y %m\n' -o -printf '%p %y %m %s %T@ %l\n' \) | sort
        find records kv blobs events -type f -print0 | sort -z | xargs -0 -r sha256sum
        """#
}

extension MountFixture {
    /// - Parameter refreshSeconds: between two looks at the bucket.
    func mount(
        _ bucket: MountedBucket, cache: String, refreshSeconds: Int = 2, environment: [String: String] = [:]
    ) async throws -> TestMount {
        try await another(
            store: bucket.store,
            options: ["cache_dir=\(directory)/\(cache)", "refresh_seconds=\(refreshSeconds)"],
            environment: environment.merging(MountedBucket.credentials) { $1 })
    }
}
