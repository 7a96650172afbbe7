// swift-tools-version: 6.2
import PackageDescription

// One strictness for every target. Strict memory safety goes on top wherever no C is imported:
// there it proves that a floor holds no unsafe code at all.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]
let safe = strict + [.strictMemorySafety()]

let package = Package(
    name: "persistfs",
    products: [
        .executable(name: "persistfs", targets: ["persistfs"]),
        .library(name: "Persist", targets: ["Persist"]),
        .library(name: "SQLiteStore", targets: ["SQLiteStore"]),
        .library(name: "ProcessAdapter", targets: ["ProcessAdapter"]),
        .library(name: "S3Adapter", targets: ["S3Adapter"]),
        .library(name: "PersistMount", targets: ["PersistMount"]),
        .library(name: "PersistTestKit", targets: ["PersistTestKit"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
    ],
    targets: [
        // 0: C
        .target(name: "CLinux"),
        .systemLibrary(name: "CFuse3", pkgConfig: "fuse3", providers: [.apt(["libfuse3-dev"])]),
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        // Their headers: libcurl4-openssl-dev, libssl-dev. The libraries are loaded by a mount of S3 alone.
        .target(name: "CCurl", linkerSettings: [.linkedLibrary("dl")]),
        .target(name: "CCrypto", linkerSettings: [.linkedLibrary("dl")]),
        .target(name: "CSpawn", path: "Sources/ProcessAdapter/CSpawn"),
        // 1
        .target(name: "Persist", swiftSettings: safe),
        .target(name: "Linux", dependencies: ["CLinux"], swiftSettings: strict),
        // 2
        .target(name: "SQLiteStore", dependencies: ["Persist", "Linux", "CLinux", "CSQLite"], swiftSettings: strict),
        .target(
            name: "ProcessAdapter", dependencies: ["Persist", "Linux", "CLinux", "CSpawn"], exclude: ["CSpawn"],
            swiftSettings: strict),
        .target(
            name: "S3Adapter", dependencies: ["Persist", "Linux", "CLinux", "CCurl", "CCrypto"], swiftSettings: strict),
        .target(name: "PersistVFS", dependencies: ["Persist"], swiftSettings: safe),
        // 3
        .target(
            name: "PersistFUSE", dependencies: ["Persist", "PersistVFS", "CLinux", "CFuse3"], swiftSettings: strict),
        .target(name: "WriteBackCache", dependencies: ["Persist", "SQLiteStore", "Linux"], swiftSettings: safe),
        // 4
        .target(
            name: "PersistMount",
            dependencies: [
                "Persist", "SQLiteStore", "WriteBackCache", "ProcessAdapter", "S3Adapter", "PersistVFS", "PersistFUSE",
                "Linux", "CLinux",
            ],
            swiftSettings: strict),
        // 5
        .executableTarget(
            name: "persistfs",
            dependencies: [
                "Persist", "SQLiteStore", "PersistMount",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict),
        // beside the floors
        .executableTarget(
            name: "slow-mount", dependencies: ["Persist", "PersistMount", "PersistTestKit"], path: "Tests/SlowMount",
            swiftSettings: safe),
        .executableTarget(
            name: "persistfs-bench", dependencies: ["Persist", "SQLiteStore", "PersistTestKit", "CSQLite"],
            path: "Sources/PersistBench", swiftSettings: strict),
        .target(name: "PersistTestKit", dependencies: ["Persist", "Linux", "CLinux"], swiftSettings: strict),

        .testTarget(name: "PersistTests", dependencies: ["Persist", "PersistTestKit"], swiftSettings: strict),
        .testTarget(
            name: "SQLiteStoreTests",
            dependencies: [
                "Persist", "SQLiteStore", "WriteBackCache", "PersistTestKit", "CSQLite", "CLinux", "Linux",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "ProcessAdapterTests", dependencies: ["Persist", "ProcessAdapter", "PersistTestKit"],
            swiftSettings: strict),
        .testTarget(
            name: "S3AdapterTests", dependencies: ["Persist", "S3Adapter", "PersistTestKit", "Linux"],
            swiftSettings: strict),
        .testTarget(
            name: "PersistVFSTests", dependencies: ["Persist", "PersistVFS", "SQLiteStore", "PersistTestKit"],
            swiftSettings: strict),
        .testTarget(
            name: "PersistFUSETests",
            dependencies: ["Persist", "PersistVFS", "PersistFUSE", "PersistTestKit", "CFuse3", "CLinux"],
            swiftSettings: strict),
        .testTarget(
            name: "WriteBackCacheTests",
            dependencies: [
                "Persist", "PersistVFS", "SQLiteStore", "WriteBackCache", "PersistTestKit", "Linux", "CSQLite",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "PersistMountTests",
            dependencies: ["Persist", "PersistMount", "WriteBackCache", "S3Adapter", "PersistTestKit"],
            swiftSettings: strict),
        .testTarget(
            name: "MountTests",
            dependencies: ["Persist", "SQLiteStore", "S3Adapter", "PersistTestKit", "CLinux"],
            swiftSettings: strict),
    ]
)
