import Glibc
import PersistTestKit

/// Only root can mount by mount(8), or act as another user.
let runsAsRoot = geteuid() == 0

extension MountFixture {
    /// Runs `persistfs` with arguments as bash reads them: `$STORE`, `$MOUNT` and `$SCRATCH` lead to the fixture's.
    /// Logs of background mounts lie in the scratch directory.
    func persistfs(_ arguments: String, input: String? = nil, seconds: Int = 60) async throws -> CommandResult {
        try await bash(#"exec "$PERSISTFS" "# + arguments, input: input, seconds: seconds)
    }

    /// Runs a script that does not start on the mount.
    func bash(_ script: String, input: String? = nil, seconds: Int = 60) async throws -> CommandResult {
        try await mount.outside(
            ["bash", "-c", #"export XDG_RUNTIME_DIR="$SCRATCH"; cd "$SCRATCH"; "# + script], input: input,
            seconds: seconds)
    }

    /// The same, and it must succeed.
    @discardableResult
    func succeed(_ script: String, input: String? = nil, seconds: Int = 60) async throws -> String {
        let result = try await bash("set -euo pipefail; " + script, input: input, seconds: seconds)
        guard result.succeeded else {
            throw HarnessError("exit status \(result.status) of\n\(script)\n\(result.output)\n\(result.error)")
        }
        return result.output
    }
}
