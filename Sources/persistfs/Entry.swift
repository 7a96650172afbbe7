import ArgumentParser
import Glibc
import PersistMount

/// The program's beginning and its end: one place for how errors are printed and what it exits with.
@main enum Entry {
    static func main() {
        Standard.ensureOpen()
        do {
            let arguments = try Dispatch.arguments(Array(CommandLine.arguments.dropFirst()))
            var command = try PersistFS.parseAsRoot(arguments)
            try command.run()
        } catch {
            exit(finish(error).rawValue)
        }
    }

    private static func finish(_ error: any Error) -> ExitStatus {
        switch error {
        case let failure as MountFailure:
            Standard.error(failure.description)
            return failure.status
        case let status as EarlyEnd: return status.status
        case is Standard.ReaderGone:
            // `persistfs ls … | head`: whoever reads has had enough.
            return .done
        default: return finishParsing(error)
        }
    }

    /// What ArgumentParser throws: help and the version too.
    private static func finishParsing(_ error: any Error) -> ExitStatus {
        let code = PersistFS.exitCode(for: error)
        var text = PersistFS.fullMessage(for: error)
        guard code != .success else {
            try? Standard.print(text)
            return .done
        }
        if text.hasPrefix("Error: ") { text.removeFirst("Error: ".count) }
        Standard.error(text)
        return code == .validationFailure ? .usage : .failed
    }
}

/// A command that has said all it has to say, and does not end with 0.
struct EarlyEnd: Error {
    var status: ExitStatus
}
