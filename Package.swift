// swift-tools-version:6.2
// The Debian arm64 toolchain used for the boards is Swift 6.2.3, hence the tools version; the
// same sources build with 6.3.1.
import PackageDescription

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

/// A library target of ours: Swift 6 mode, warnings are errors.
func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

/// Every Swift file imports the standard library's regular expressions unless told not to. A static
/// executable then carries 1.3 MB of them; nothing of the agent's uses one.
let lean: [SwiftSetting] =
    strict + [
        .unsafeFlags(["-Xfrontend", "-disable-implicit-string-processing-module-import"])
    ]

/// Relative relocations packed (glibc 2.36 and later read them), equal functions folded, no symbols
/// for libraries to find: together an eighth of the agent.
let small: [LinkerSetting] = [
    .unsafeFlags(
        [
            "-use-ld=lld", "-Xlinker", "-z", "-Xlinker", "pack-relative-relocs",
            "-Xlinker", "--no-export-dynamic", "-Xlinker", "--icf=all",
        ],
        .when(configuration: .release))
]

/// A library target that the agent links.
func agentLibrary(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: lean)
}

func tool(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let lifecycle = Target.Dependency.product(
    name: "ServiceLifecycle", package: "swift-service-lifecycle")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let x509 = Target.Dependency.product(name: "X509", package: "swift-certificates")
let asn1 = Target.Dependency.product(name: "SwiftASN1", package: "swift-asn1")
let hummingbirdCore = Target.Dependency.product(
    name: "HummingbirdCore", package: "hummingbird")
let hummingbirdTLS = Target.Dependency.product(name: "HummingbirdTLS", package: "hummingbird")
let nioHTTPTypes = Target.Dependency.product(
    name: "NIOHTTPTypes", package: "swift-nio-extras")
let nioLocks = Target.Dependency.product(
    name: "NIOConcurrencyHelpers", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let hummingbirdTesting = Target.Dependency.product(
    name: "HummingbirdTesting", package: "hummingbird")
let httpClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")

let package = Package(
    name: "cloudos-edge",
    products: [
        .executable(name: "edge-agent", targets: ["edge-agent"]),
        .executable(name: "edge-gpio-guard", targets: ["edge-gpio-guard"]),
        .executable(name: "edge-shim", targets: ["edge-shim"]),
        .executable(name: "fleet-hub", targets: ["fleet-hub"]),
        .executable(name: "fleet", targets: ["fleet"]),
        .executable(name: "edge-bench", targets: ["edge-bench"]),
        .executable(name: "fleet-sim", targets: ["fleet-sim"]),
    ],
    dependencies: [
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
        .package(
            url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // One module map and one shim header per C library.
        .systemLibrary(
            name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(
            name: "CMosquitto", pkgConfig: "libmosquitto", providers: [.apt(["libmosquitto-dev"])]),
        .systemLibrary(
            name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .systemLibrary(
            name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        // libcoap, opened at run time: only its headers are needed here (libcoap3-dev).
        .target(name: "CCoAP"),
        .target(name: "CEdgeShims"),
        // libgpiod, opened at run time, and the kernel's own interface to pins.
        .target(name: "CGPIOD"),

        // Seams and vocabulary; imports nothing but Swift.
        agentLibrary("Platform"),

        // Logic as values: events in, directives out; no I/O, no clock.
        agentLibrary("SyncProtocol", ["Platform"]),
        agentLibrary("DeviceDrivers", ["Platform"]),
        agentLibrary("PowerManager", ["Platform"]),
        agentLibrary("Identity", ["Platform"]),
        agentLibrary("Images", ["Platform"]),
        library("Placement", ["Platform"]),

        // The real SQL, shared by both worlds.
        agentLibrary("SQLiteStore", ["Platform", "SyncProtocol", "Identity", "CSQLite"]),

        // The two worlds.
        agentLibrary(
            "LinuxPlatform",
            [
                "Platform", "Images", "CCoAP", "CMosquitto", "CYAML", "CZstd", "CEdgeShims",
                "CGPIOD",
            ]),
        library("Simulator", ["Platform", "CSQLite"]),

        // What a board does, what a hub does, its web face.
        agentLibrary(
            "EdgeAgent",
            [
                "Platform", "SyncProtocol", "DeviceDrivers", "PowerManager", "Identity", "Images",
                "SQLiteStore",
            ]),
        library(
            "FleetHub",
            [
                "Platform", "Placement", "SyncProtocol", "Identity", "SQLiteStore", crypto, x509,
                asn1,
            ]),
        library(
            "FleetHubAPI",
            [
                "Platform", "Identity", "FleetHub", hummingbird, hummingbirdCore, hummingbirdTLS,
                nioHTTPTypes, nioLocks,
                nioSSL, logging,
                lifecycle, nioCore,
            ]),
        library("FleetClient", ["Platform", "Identity", "Images", crypto, nioSSL, httpClient]),

        // Agents and a hub in a simulated world, and what must hold there.
        library(
            "FleetSim",
            [
                "Platform", "Placement", "SyncProtocol", "SQLiteStore", "Simulator", "EdgeAgent",
                "FleetHub",
            ]),

        // Thin executables.
        // Small programs in C beside the agent. Swift's start-up object alone would bring six megabytes
        // of a runtime that nothing in them calls.
        // Drives lines to their safe values when the agent is gone.
        .executableTarget(
            name: "edge-gpio-guard", dependencies: ["CGPIOD"],
            linkerSettings: [.unsafeFlags(["-nostartfiles", "-Xlinker", "--as-needed"])]),
        // Keeps how a workload ended. There is one for each: static, it needs no pages of a loader's.
        .executableTarget(
            name: "edge-shim",
            linkerSettings: [
                .unsafeFlags(["-nostartfiles", "-Xlinker", "--as-needed"]),
                .unsafeFlags(["-Xclang-linker", "-static"], .when(configuration: .release)),
            ]),
        .executableTarget(
            name: "edge-agent",
            dependencies: [
                "Platform", "SyncProtocol", "DeviceDrivers", "PowerManager", "Identity", "Images",
                "EdgeAgent", "LinuxPlatform",
            ],
            swiftSettings: lean, linkerSettings: small),
        tool(
            "fleet-hub",
            [
                "Platform", "SyncProtocol", "Identity", "SQLiteStore", "FleetHub", "FleetHubAPI",
                "LinuxPlatform", arguments, logging, lifecycle, crypto,
            ]),
        tool("fleet", ["Platform", "Identity", "FleetClient", "PowerManager", arguments, yams]),
        tool(
            "edge-bench",
            [
                "Platform", "Placement", "SyncProtocol", "SQLiteStore", "LinuxPlatform",
                "EdgeAgent", "FleetHub", "FleetClient", "Identity", "PowerManager",
                arguments,
            ]),

        tool("fleet-sim", ["FleetSim", arguments]),

        // What the tests of several modules share.
        .target(
            name: "TestSupport", dependencies: ["Platform"], path: "Tests/TestSupport",
            swiftSettings: strict),
        tests("DeviceDriversTests", ["TestSupport", "Platform", "DeviceDrivers", "Simulator"]),
        tests("PowerManagerTests", ["TestSupport", "Platform", "PowerManager", "LinuxPlatform"]),
        tests("IdentityTests", ["TestSupport", "Platform", "Identity"]),
        tests(
            "ImagesTests", ["TestSupport", "Platform", "Images", "LinuxPlatform", "CEdgeShims"]),
        tests("PlacementTests", ["TestSupport", "Platform", "Placement"]),
        tests("LinuxPlatformTests", ["TestSupport", "Platform", "Identity", "LinuxPlatform"]),
        tests("PlatformTests", ["TestSupport", "Platform"]),
        .testTarget(
            name: "SyncProtocolTests", dependencies: ["TestSupport", "Platform", "SyncProtocol"],
            exclude: ["Vectors"], swiftSettings: strict),
        tests(
            "SQLiteStoreTests",
            ["TestSupport", "Platform", "SyncProtocol", "Identity", "SQLiteStore"]),
        tests(
            "EdgeAgentTests",
            [
                "TestSupport", "Platform", "DeviceDrivers", "Simulator", "Identity", "EdgeAgent",
                "LinuxPlatform",
                "SyncProtocol", "SQLiteStore", "PowerManager",
            ]),
        tests(
            "FleetHubTests",
            [
                "TestSupport", "Platform", "Identity", "FleetHub", "SyncProtocol", "SQLiteStore",
                crypto, x509, asn1,
            ]),
        tests(
            "FleetHubAPITests",
            [
                "TestSupport", "Platform", "Identity", "SyncProtocol", "SQLiteStore", "FleetHub",
                "FleetHubAPI", "FleetClient", "EdgeAgent", "LinuxPlatform", hummingbird,
                hummingbirdTesting,
                logging, lifecycle, httpClient, nioCore,
            ]),
        tests("FleetClientTests", ["Platform", "Identity", "FleetClient", crypto]),
        tests(
            "PlatformContractTests",
            ["TestSupport", "Platform", "DeviceDrivers", "LinuxPlatform", "Simulator"]),
        tests(
            "SimulationTests",
            [
                "Platform", "Simulator", "FleetSim", "EdgeAgent", "FleetHub", "SQLiteStore",
                "SyncProtocol",
            ]),
        .target(name: "SyncModel", path: "Tests/SyncModel", swiftSettings: strict),
        tests("SyncModelTests", ["TestSupport", "SyncModel"]),
        tests(
            "EngineModelTests",
            [
                "TestSupport", "SyncModel", "Platform", "SyncProtocol", "SQLiteStore",
                "EdgeAgent", "FleetHub",
            ]),
        tests("EdgeBenchTests", ["Platform", "Placement", "edge-bench"]),
        tests("TidyTests", []),
    ]
)

// What runs on a board, and its tests, for cross/swift: without every target that needs another
// package, and without those packages.
if Context.environment["CLOUDOS_EDGE_PACKAGE"] == "board" {
    var dropped: Set<String> = []
    var count = -1
    while count < dropped.count {
        count = dropped.count
        for target in package.targets {
            let isDropped = target.dependencies.contains { dependency in
                switch dependency {
                case .productItem: true
                case .byNameItem(let name, _), .targetItem(let name, _): dropped.contains(name)
                @unknown default: false
                }
            }
            if isDropped { dropped.insert(target.name) }
        }
    }
    package.targets.removeAll { dropped.contains($0.name) }
    package.products = [.executable(name: "edge-agent", targets: ["edge-agent"])]
    package.dependencies = []
}
