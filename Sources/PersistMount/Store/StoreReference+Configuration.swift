internal import FoundationEssentials
internal import Glibc
internal import Persist

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
        }
    }
}
