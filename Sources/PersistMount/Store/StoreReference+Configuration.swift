internal import FoundationEssentials
internal import Glibc
internal import Linux
internal import Persist
internal import S3Adapter

extension StoreReference {
    /// The store that a `*.persist.json` names.
    ///
    /// - Throws: `.usage` with line and column for what is wrong in it, `.store` where it cannot be read.
    static func configured(by file: String) throws(MountFailure) -> StoreReference {
        guard let text = readWhole(file, bytesMax: 1 << 20) else {
            throw MountFailure(ShownText.line(file), errorText(errno), status: .store)
        }
        let configuration: StoreConfiguration
        do throws(ConfigurationError) {
            configuration = try StoreConfiguration.read(
                text, file: file, environment: ProcessInfo.processInfo.environment)
        } catch {
            throw MountFailure("", error.description, status: .usage)
        }
        switch configuration.adapter {
        case .sqlite(let path, let busyMilliseconds):
            return StoreReference(
                path: try Self.file(path), name: configuration.name, busyMilliseconds: busyMilliseconds,
                warnings: configuration.warnings)
        case .exec(let exec):
            var reference = StoreReference(
                exec: exec.command, in: exec.directory, shown: exec.shownCommand, name: configuration.name,
                warnings: configuration.warnings)
            // What stands for a secret is in no message.
            if exec.command[0] == exec.shownCommand[0] { try Self.requireProgram(exec.command[0]) }
            reference.configuration = file
            reference.environment = exec.environment
            reference.cacheDirectory = exec.cacheDirectory
            reference.refreshMilliseconds = exec.refreshSeconds.map { Int64($0) * 1_000 }
            reference.settleMilliseconds = exec.settleSeconds.map { Int64($0) * 1_000 }
            return reference
        case .s3(let bucket):
            var options = S3Options(bucket: bucket.bucket, region: bucket.region ?? defaultRegion)
            options.endpoint = bucket.endpoint
            options.prefix = trimmed(bucket.prefix ?? "")
            options.isPathStyle = bucket.isPathStyle
            options.profile = bucket.profile
            if let prices = bucket.prices { options.prices = prices }
            if let id = bucket.accessKeyID, let secret = bucket.secretAccessKey {
                options.credentials = Credentials(
                    accessKeyID: id, secretAccessKey: secret, sessionToken: bucket.sessionToken)
            }
            var reference = StoreReference(s3: options, name: configuration.name, warnings: configuration.warnings)
            reference.cacheDirectory = bucket.cacheDirectory
            reference.refreshMilliseconds = bucket.refreshSeconds.map { Int64($0) * 1_000 }
            reference.settleMilliseconds = bucket.settleSeconds.map { Int64($0) * 1_000 }
            return reference
        }
    }
}
