import ArgumentParser
import PersistMount

/// Which command the arguments mean.
enum Dispatch {
    /// mount(8) and fstab call `persistfs SRC DIR -o …`, without the word `mount`: what begins neither with a command
    /// nor with an option of the program itself is a mount. A store with the name of a command is written `./status`.
    static func arguments(_ given: [String]) throws -> [String] {
        // Their bytes have been replaced: another key, or another file, would be meant.
        if let broken = given.first(where: { $0.unicodeScalars.contains("\u{FFFD}") }) {
            throw MountFailure(
                ShownText.line(broken), "an argument is not UTF-8",
                hint: "Names that are not are read and written through a mount, from within the directory they are in.",
                status: .usage)
        }
        guard let first = given.first else { return given }
        if commands.contains(first) { return given }
        if first.hasPrefix("-") {
            return first.hasPrefix("-o") || first == "-r" ? ["mount"] + given : given
        }
        guard given.count > 1 else {
            throw MountFailure(
                ShownText.line(first), "no such command", hint: "persistfs --help lists them.", status: .usage)
        }
        return ["mount"] + given
    }

    static let commands: Set<String> = Set(
        PersistFS.configuration.subcommands.compactMap { $0.configuration.commandName } + ["help"])
}
