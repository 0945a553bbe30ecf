/// Which module may import which: dependencies point down only (ARCHITECTURE.md, Modules).
struct ImportRules {
    /// By module, all that it may import besides the standard library. A folder of Sources that is
    /// not listed here is a violation, so that a new module is a decision.
    let allowed: [String: Set<String>]

    static let logic: Set<String> = ["Platform"]
    /// For the hub, the command lines and the benchmarks, which never run in the simulator.
    static let ecosystem: Set<String> = [
        "Foundation", "FoundationEssentials", "Glibc", "Musl", "Synchronization",
    ]

    static let project = ImportRules(allowed: [
        // Seams and vocabulary; nothing but Swift.
        "Platform": [],
        // Logic as values.
        "SyncProtocol": logic,
        "DeviceDrivers": logic,
        "PowerManager": logic,
        "Identity": logic,
        "Images": logic,
        "Placement": logic,
        // The real SQL, shared by both worlds.
        "SQLiteStore": ["Platform", "SyncProtocol", "Identity", "CSQLite"],
        // The two worlds.
        "LinuxPlatform": [
            "Platform", "Images", "CCoAP", "CMosquitto", "CYAML", "CZstd", "CEdgeShims", "CGPIOD",
            "Glibc",
        ],
        "Simulator": ["Platform", "CSQLite"],
        // What a board does, what a hub does, the hub's web face and its client.
        "EdgeAgent": [
            "Platform", "SyncProtocol", "DeviceDrivers", "PowerManager", "Identity", "Images",
            "SQLiteStore",
        ],
        "FleetHub": [
            "Platform", "Placement", "SyncProtocol", "Identity", "SQLiteStore", "Crypto", "X509",
            "SwiftASN1", "Foundation", "FoundationEssentials", "Logging",
        ],
        "FleetHubAPI": ecosystem.union([
            "Platform", "Identity", "FleetHub", "Hummingbird", "HummingbirdCore", "HummingbirdTLS",
            "HTTPTypes",
            "NIOCore", "NIOConcurrencyHelpers", "NIOHTTPTypes", "NIOSSL", "Logging",
            "ServiceLifecycle",
        ]),
        "FleetClient": ecosystem.union([
            "Platform", "Identity", "Images", "AsyncHTTPClient", "Crypto", "HTTPTypes", "NIOCore",
            "NIOSSL",
        ]),
        // A fleet in the simulated world.
        "FleetSim": [
            "Platform", "Placement", "SyncProtocol", "SQLiteStore", "Simulator", "EdgeAgent",
            "FleetHub",
        ],
        // C alone: what an agent in trouble leaves behind must need nothing.
        "edge-gpio-guard": [],
        "edge-shim": [],
        // Executables: arguments and wiring.
        "edge-agent": [
            "Platform", "SyncProtocol", "DeviceDrivers", "PowerManager", "Identity", "SQLiteStore",
            "Images", "LinuxPlatform", "EdgeAgent", "Glibc",
        ],
        "fleet-hub": ecosystem.union([
            "Platform", "SyncProtocol", "Identity", "SQLiteStore", "LinuxPlatform", "FleetHub",
            "FleetHubAPI", "ArgumentParser", "Crypto", "Logging", "ServiceLifecycle",
        ]),
        "fleet": ecosystem.union([
            "Platform", "Identity", "LinuxPlatform", "FleetClient", "PowerManager",
            "ArgumentParser", "Yams",
        ]),
        "fleet-sim": ["FleetSim", "ArgumentParser"],
        "edge-bench": ecosystem.union([
            "Platform", "Placement", "SyncProtocol", "SQLiteStore", "LinuxPlatform", "EdgeAgent",
            "FleetHub", "FleetClient", "Identity", "PowerManager", "ArgumentParser",
        ]),
    ])

    /// The modules that the agent is made of.
    static let agentModules: Set<String> = [
        "Platform", "SyncProtocol", "DeviceDrivers", "PowerManager", "Identity", "Images",
        "SQLiteStore", "LinuxPlatform", "EdgeAgent", "edge-agent",
    ]

    /// The only modules that talk to C libraries.
    static let modulesWithC: Set<String> = ["LinuxPlatform", "SQLiteStore", "Simulator"]

    /// Too heavy for the agent's memory budget (docs/decisions/0005).
    static func isTooHeavyForTheAgent(_ module: String) -> Bool {
        let families = ["Foundation", "_Foundation", "NIO", "_NIO", "Hummingbird"]
        return families.contains { module.hasPrefix($0) }
            || ["ArgumentParser", "AsyncHTTPClient", "Yams"].contains(module)
    }

    /// One line for each import that the rules forbid, and for each unknown module.
    func violations(in tree: SourceTree) throws -> [String] {
        let modules = tree.folders(under: "Sources")
        let modulesInC = Set(modules.filter { Self.isC($0, in: tree) })
        var found: [String] = []
        for module in modules where !modulesInC.contains(module) {
            guard let permitted = allowed[module] else {
                found.append(
                    "Sources/\(module): unknown module; say in ImportRules what it imports")
                continue
            }
            for path in tree.files(under: "Sources/\(module)", endingWith: ".swift") {
                for name in Self.imports(in: try tree.text(path)) {
                    if modulesInC.contains(name), !Self.modulesWithC.contains(module) {
                        found.append("\(path): imports the C module \(name)")
                    } else if Self.agentModules.contains(module), Self.isTooHeavyForTheAgent(name) {
                        found.append("\(path): imports \(name), which the agent must not link")
                    } else if !permitted.contains(name) {
                        found.append("\(path): \(module) must not import \(name)")
                    }
                }
            }
        }
        return found
    }

    /// A module map for a library of the system, or C sources with their headers.
    private static func isC(_ module: String, in tree: SourceTree) -> Bool {
        tree.has("Sources/\(module)/module.modulemap") || tree.has("Sources/\(module)/include")
    }

    /// The modules that Swift source imports, in order.
    static func imports(in source: String) -> [String] {
        // Attributes and an access level come before, the kind of one declaration may follow.
        let pattern =
            #/
            (?:^|;)\s* (?:@\w+(?:\([^)]*\))?\s+)* (?:[a-z]+\s+)? import\s+
            (?:(?:struct|class|enum|protocol|func|var|let|typealias|actor)\s+)? (\w+)
            /#.anchorsMatchLineEndings()
        return SwiftCode.strippingText(of: source).matches(of: pattern).map { String($0.1) }
    }
}
