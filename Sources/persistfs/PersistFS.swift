import ArgumentParser
import PersistMount

/// `persistfs`: the list of its commands.
struct PersistFS: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "persistfs",
        abstract: "Mounts a store as a directory: records, values, files and logs.",
        discussion: """
            Examples:
              persistfs mount ./data/my-app.db ./my-app
              persistfs status
              persistfs umount ./my-app

            Exit codes:
              0  done                          4  no such key, no such mount
              1  failed                        5  the store cannot be opened
              2  wrong command line            6  the mount point cannot be used
              3  check found damage            7  busy, or not finished in time

            fstab: STORE DIR fuse.persistfs defaults,_netdev 0 0
            """,
        version: Version.text,
        subcommands: [
            MountCommand.self, UmountCommand.self, StatusCommand.self, ConflictsCommand.self,
            WatchCommand.self, RefreshCommand.self,
            ListCommand.self, GetCommand.self, PutCommand.self, RemoveCommand.self,
            CheckCommand.self, SnapshotCommand.self, SyncCommand.self, VersionCommand.self,
        ])
}
