// swift-tools-version: 6.0
import PackageDescription

let package = Package(
    name: "evergrant-example",
    platforms: [.macOS(.v13)],
    dependencies: [.package(path: "../../../bindings/swift")],
    targets: [
        .executableTarget(
            name: "evergrant-example", dependencies: [.product(name: "Evergrant", package: "swift")],
            path: "Sources")
    ],
    swiftLanguageModes: [.v6]
)
