// swift-tools-version: 6.0
import PackageDescription

// The machine: on Apple's platforms the XCFramework of scripts/xcframework, elsewhere the
// shared library, which the linker and the loader are told of from outside.
#if os(Linux)
    let machine = Target.systemLibrary(name: "EvergrantFFI", path: "Generated/EvergrantFFI")
#else
    let machine = Target.binaryTarget(name: "EvergrantFFI", path: "Generated/EvergrantFFI.xcframework")
#endif

let package = Package(
    name: "evergrant",
    // As the XCFramework has them.
    platforms: [.iOS(.v16), .macOS(.v13)],
    products: [
        .library(name: "Evergrant", targets: ["Evergrant"]),
        .library(name: "EvergrantTesting", targets: ["EvergrantTesting"]),
    ],
    targets: [
        machine,
        .target(name: "EvergrantMachine", dependencies: ["EvergrantFFI"], path: "Generated/EvergrantMachine"),
        .target(name: "Evergrant", dependencies: ["EvergrantMachine"]),
        .target(name: "EvergrantTesting", dependencies: ["Evergrant"]),
        .executableTarget(name: "Phone", dependencies: ["Evergrant"], path: "Tests/Phone"),
        .executableTarget(name: "Bench", dependencies: ["Evergrant"], path: "Bench"),
        .testTarget(
            name: "EvergrantTests", dependencies: ["Evergrant", "EvergrantTesting", "EvergrantMachine", "Phone"]),
    ],
    swiftLanguageModes: [.v6]
)
