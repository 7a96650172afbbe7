import Glibc
import PersistTestKit

/// Other clients of S3, as `scripts/s3-tools` installs them: in the scripts of a mount that has `environment`,
///
/// - `$AWS s3 cp FILE s3://$FAR/KEY`
/// - `rclone copy DIRECTORY far:$FAR/KEY`
/// - `eval "$S3FS"`, which mounts the prefix at `$SCRATCH/s3fs` until the script ends. Where that fails the fixture unmounts
///   it, as all that is below its directory.
enum S3Tools {
    static func environment(of bucket: MountedBucket) throws -> [String: String] {
        guard let tools = getenv("PERSISTFS_S3_TOOLS").map({ String(cString: $0) }) else {
            throw HarnessError("PERSISTFS_S3_TOOLS is not set: scripts/s3-tools prints what it is")
        }
        return [
            "AWS": "env PYTHONPATH=\(tools)/.. \(tools)/aws", "AWS_ENDPOINT_URL": bucket.endpoint,
            "AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true",
            "FAR": "\(S3Server.bucket)/\(bucket.prefix)",
            // In memory alone.
            "RCLONE_CONFIG": "", "RCLONE_CONFIG_FAR_TYPE": "s3", "RCLONE_CONFIG_FAR_PROVIDER": "Other",
            "RCLONE_CONFIG_FAR_ENV_AUTH": "true", "RCLONE_CONFIG_FAR_REGION": "us-east-1",
            "RCLONE_CONFIG_FAR_ENDPOINT": bucket.endpoint,
            "S3FS": #"""
            mkdir -p "$SCRATCH/s3fs"
            trap 'cd / && fusermount -u "$SCRATCH/s3fs" || fusermount -uz "$SCRATCH/s3fs"' EXIT
            s3fs "\#(S3Server.bucket):/\#(bucket.prefix)" "$SCRATCH/s3fs" \
                -o url=\#(bucket.endpoint),use_path_request_style,use_xattr,connect_timeout=5,retries=1
            """#,
        ]
    }
}
