extension StoreConfiguration {
    /// An adapter that is a program of the user's, and how its cache behaves:
    ///
    ///     { adapter: "exec", command: ["python3", "./adapter.py", "${BUCKET}"], environment: { TOKEN: "${TOKEN}" } }
    ///
    /// Words that begin with `./` or `../`, and a program with a slash in it, are paths relative to the directory of the
    /// file; the program runs there.
    public struct Exec: Sendable, Equatable {
        /// The program and its arguments.
        public var command: [String]
        /// The same as the file has it, and as everybody may see it: what `${NAME}` stands for may be a secret.
        public var shownCommand: [String]
        /// Variables beside those of this process.
        public var environment: [String: String]
        /// Where it runs.
        public var directory: String
        /// nil: as the mount says, or its defaults.
        public var cacheDirectory: String?
        public var refreshSeconds: Int?
        public var settleSeconds: Int?

        public init(
            command: [String], shownCommand: [String]? = nil, environment: [String: String] = [:], directory: String,
            cacheDirectory: String? = nil, refreshSeconds: Int? = nil, settleSeconds: Int? = nil
        ) {
            self.command = command
            self.shownCommand = shownCommand ?? command
            self.environment = environment
            self.directory = directory
            self.cacheDirectory = cacheDirectory
            self.refreshSeconds = refreshSeconds
            self.settleSeconds = settleSeconds
        }
    }

    static func readExec(_ options: inout ConfigurationOptions) throws(ConfigurationError) -> Exec {
        try options.takeSection("exec")
        let words = try options.takeStrings("command")
        let environment = try options.takeStringMap("environment")
        let cacheDirectory = try options.takeString("cacheDir")
        let refresh = try options.takeInteger("refreshSeconds", in: 1...86_400, unit: "seconds")
        let settle = try options.takeInteger("settleSeconds", in: 0...86_400, unit: "seconds")
        try options.finish(known: [
            "name", "adapter", "exec", "command", "environment", "cacheDir", "refreshSeconds", "settleSeconds",
            "encrypt",
        ])
        guard let words, let program = words.first, !program.text.isEmpty else {
            throw options.error("no 'command': which program is the adapter? [\"python3\", \"./adapter.py\"]")
        }
        let file = options.file
        func isPath(_ index: Int, _ word: String) -> Bool {
            word.hasPrefix("./") || word.hasPrefix("../") || index == 0 && word.contains("/")
        }
        return Exec(
            command: words.enumerated().map { index, word in
                isPath(index, word.text) ? ConfigurationPath.resolve(word.text, besides: file) : word.text
            },
            shownCommand: words.enumerated().map { index, word in
                isPath(index, word.shown) ? ConfigurationPath.resolve(word.shown, besides: file) : word.shown
            }, environment: environment ?? [:], directory: ConfigurationPath.resolve("./", besides: file),
            cacheDirectory: cacheDirectory.map { ConfigurationPath.resolve($0, besides: file) },
            refreshSeconds: refresh,
            settleSeconds: settle)
    }
}
