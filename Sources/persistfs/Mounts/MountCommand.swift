import ArgumentParser
import PersistMount

struct MountCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mount",
        abstract: "Mount a store at a directory.",
        usage: "persistfs mount [-f] [-r] [-o OPTIONS] [--log FILE] STORE DIR",
        discussion: """
            STORE is a SQLite file (made where there is none), sqlite:PATH, exec:COMMAND
            (an adapter of yours, see README), s3://BUCKET/PREFIX?region=NAME&endpoint=URL
            (credentials as AWS's tools find them, see README), or a configuration
            *.persist.json. The mount goes to the background once it can be used, and one
            line says what is served where.

            Examples:
              persistfs mount ./data/my-app.db ./my-app
              persistfs mount -f -o ro backup.db /mnt/backup
              persistfs mount "exec:python3 ./my_adapter.py" ./my-app
              persistfs mount 's3://my-bucket/my-app?region=eu-central-1' ./my-app
              persistfs mount my-app.persist.json /srv/my-app -o allow_other,umask=027

            Options for -o:
              ro, rw                  read-only or not
              allow_other             other users may enter (implies
                                      default_permissions)
              default_permissions     the kernel checks owner and mode
              uid=N, gid=N, umask=M   shown where the store keeps none
              fsname=NAME             what df and mountinfo call it
              nonempty                mount over a directory that has entries
              adopt                   add the store's tables to a database that
                                      belongs to something else
              events=rw               logs may be removed, emptied and renamed
              conflict_command=CMD    run for each new conflict copy: CMD FILE COPY
              cache_dir=DIR           exec, s3: where the local copy lies
              cache_size=10G          exec, s3: what the local copy may take
              free_bytes_min=1G       exec, s3: what it leaves free of the disk
              settle_seconds=10       exec, s3: a file that stays open is sent so long
                                      after its last change
              refresh_seconds=300     exec, s3: between two looks at the far side
              fsync=remote            exec, s3: fsync returns when the far side has
                                      the file
              noatime, nosuid, nodev, noexec, ...
                                      as for mount(8)

            Bounds for -o (bytes, or with K, M, G, T):
              record_bytes_max=16M    blob_bytes_max=1T    kv_bytes_max=1M
              line_bytes_max=1M       xattr_bytes_max=64K  reserve_bytes=16M
              unpublished_bytes_max=256M                   wal_bytes_max=16M
              open_files_max=65536    busy_milliseconds=5000
              dirty_max=10G           far_wait_seconds=60
            """)

    @Argument(help: ArgumentHelp("The store.", valueName: "STORE"))
    var store: String

    @Argument(help: ArgumentHelp("An empty directory.", valueName: "DIR"), completion: .directory)
    var directory: String

    @Flag(name: [.customShort("f"), .customLong("foreground")], help: "Stay in the foreground; log to standard error.")
    var inForeground = false

    @Flag(name: .customShort("r"), help: "As -o ro.")
    var isReadOnly = false

    @Option(
        name: .customShort("o", allowingJoined: true), parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Mount options, separated by commas.", valueName: "OPTIONS"))
    var options: [String] = []

    @Option(
        help: ArgumentHelp(
            "Where the background process logs to.",
            discussion:
                "By default a file in $XDG_RUNTIME_DIR/persistfs, or of root in /run/persistfs, named after DIR.",
            valueName: "FILE"))
    var log: String?

    @Option(help: .private)
    var report: Int32?

    func run() throws {
        let reference = try StoreReference.parse(store)
        var options = try MountOptions(parsing: options)
        if isReadOnly { options.isReadOnly = true }
        let mount = PersistMount.Mount(reference, options: options)
        if let report {
            try serve(mount, Report(descriptor: report))
        } else {
            for warning in reference.warnings { Standard.error("warning: \(warning)") }
            if inForeground {
                let isWhole = try mount.run(at: directory, log: MountLog(path: nil)) { line, _ in
                    (try? Standard.print(line)) != nil
                }
                if !isWhole { throw EarlyEnd(status: .failed) }
            } else {
                try goToBackground()
            }
        }
    }

    /// In the background process.
    private func serve(_ mount: PersistMount.Mount, _ report: Report) throws {
        let log = MountLog(path: log)
        do throws(MountFailure) {
            _ = try mount.run(at: directory, log: log) { line, warnings in
                report.succeed(([line] + warnings).joined(separator: "\n"))
            }
            log.removeIfUneventful()
        } catch {
            report.fail(error)
            throw EarlyEnd(status: error.status)
        }
    }

    private func goToBackground() throws {
        let log = try self.log.map(PathText.absolute) ?? RunDirectory.log(for: directory)
        var arguments = ["persistfs", "mount", "--report", "\(Daemon.reportDescriptor)", "--log", log]
        if isReadOnly { arguments.append("-r") }
        for list in options { arguments += ["-o", list] }
        let said = try Daemon.start(arguments + ["--", store, directory], log: log)
        let lines = said.split(separator: "\n")
        for warning in lines.dropFirst() { Standard.error("warning: \(warning)") }
        try? Standard.print(String(lines.first ?? ""))
    }
}
