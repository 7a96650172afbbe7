// swift-tools-version: 6.2
import PackageDescription

// A package of somebody who has an adapter: it depends on persistfs, and on nothing else.
let package = Package(
    name: "memory-mount",
    dependencies: [.package(name: "persistfs", path: "../..")],
    targets: [
        .target(name: "DictionaryStorage", dependencies: [.product(name: "Persist", package: "persistfs")]),
        .executableTarget(
            name: "memory-mount",
            dependencies: ["DictionaryStorage", .product(name: "PersistMount", package: "persistfs")]),
        .testTarget(
            name: "DictionaryStorageTests",
            dependencies: ["DictionaryStorage", .product(name: "PersistTestKit", package: "persistfs")]),
    ]
)
