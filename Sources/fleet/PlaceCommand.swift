import ArgumentParser
import FleetClient

struct PlaceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "place",
        abstract: "Have the hub choose boards for a workload, and keep it running.",
        subcommands: [
            PlaceAddCommand.self, PlaceListCommand.self, PlaceExplainCommand.self,
            PlacePlanCommand.self, PlaceRemoveCommand.self,
        ])

    static func show(_ placements: [PlacedWorkload]) {
        var table = Table([
            .init("NAME", comfortableWidth: 20), .init("REPLICAS"), .init("MISSING"),
            .init("DEVICES", comfortableWidth: 40),
        ])
        for placement in placements {
            let devices = placement.places.map { place in
                place.device + (place.substitutes.map { " (for \($0))" } ?? "")
            }
            table.add([
                .init(placement.name),
                .init(placement.isSingle ? "single" : "\(placement.replicas)"),
                .init("\(placement.missing)"), .init(devices.joined(separator: ", ")),
            ])
        }
        Console.table(table)
    }

    static func explain(_ placement: PlacedWorkload) {
        for line in (placement.explanation ?? "").split(separator: "\n") {
            Console.line(Display.clean(String(line)))
        }
    }
}

struct PlaceAddCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Place a workload.",
        discussion: """
            The manifest is that of `fleet apply`, with `place`; all in it may be left out:

              place:
                replicas: 2              # default 1
                single: true             # at most once in the fleet, by a lease
                cpu_m: 250               # thousandths of a core, default 100
                memory_mib: 128          # default 64
                zones: [barn]            # label zone of a board
                architectures: [arm64]   # label arch
                tolerates: [slow]        # of a board's label taints, joined by +
                apart_from: [database]

            `on` names the labels that a board must have. Labels cpu_m and memory_mib say what a \
            board has, by default 4000 and 1024.
            """)

    @Option(name: [.customShort("f"), .long], help: "The manifest; - reads standard input.")
    var file: String

    @OptionGroup var output: OutputOptions

    func run() async throws {
        let manifest = try PlacementManifest(try ManifestFile.value(of: file))
        let answer = try await Session.run { try await $0.place(manifest) }
        if output.isJSON { return Console.json(answer.object) }
        PlaceCommand.show([answer.content])
    }
}

struct PlaceListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List what the hub places.")

    @OptionGroup var output: OutputOptions

    func run() async throws {
        let answer = try await Session.run { try await $0.placements() }
        if output.isJSON { return Console.json(answer.object) }
        PlaceCommand.show(answer.content)
    }
}

struct PlaceExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Why a workload is on its boards, and not on others.")

    @Argument(help: "The workload's name.")
    var name: String

    @OptionGroup var output: OutputOptions

    func run() async throws {
        let name = name
        let answer = try await Session.run { try await $0.placement(name) }
        if output.isJSON { return Console.json(answer.object) }
        PlaceCommand.explain(answer.content)
    }
}

struct PlacePlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "Where a workload would go, and why. Nothing changes.")

    @Option(name: [.customShort("f"), .long], help: "The manifest; - reads standard input.")
    var file: String

    @OptionGroup var output: OutputOptions

    func run() async throws {
        let manifest = try PlacementManifest(try ManifestFile.value(of: file))
        let answer = try await Session.run { try await $0.plan(manifest) }
        if output.isJSON { return Console.json(answer.object) }
        PlaceCommand.show([answer.content])
        PlaceCommand.explain(answer.content)
    }
}

struct PlaceRemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Take a workload off the boards that the hub chose.")

    @Argument(help: "The workload's name.")
    var name: String

    func run() async throws {
        let name = name
        try await Session.run { try await $0.removePlacement(name) }
        Console.line("\(Display.clean(name)) is placed no more.")
    }
}
