import ArgumentParser
import FleetClient

struct ApplyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Run a workload on devices, as a manifest says.",
        discussion: """
            A manifest is YAML or JSON:

              kind: workload
              name: web
              on: {site: barn}
              spec:
                command: [/usr/bin/web, --port, "8080"]
                environment: {MODE: production}
                restart: always          # or on-failure, never
                stop_grace_ms: 5000
                working_directory: /

            `on` names the labels that a device must have; --on or --device take its place. \
            Only spec.command, or spec.image for a container, is required. Strings that look like numbers need quotes.
            """)

    @Option(name: [.customShort("f"), .long], help: "The manifest; - reads standard input.")
    var file: String

    @Option(help: "A label that devices must have, key=value. Repeat it for several.")
    var on: [String] = []

    @Option(help: "The one device meant.")
    var device: String?

    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard device == nil || on.isEmpty else {
            throw ValidationError("Give --device or --on, not both.")
        }
    }

    func run() async throws {
        let manifest = try ManifestFile.read(file)
        let target = try target(of: manifest)
        let answer = try await Session.run { try await $0.apply(manifest, on: target) }
        if output.isJSON { Console.json(answer.object) } else { show(answer.content) }
        guard !answer.content.isEmpty else {
            throw FleetClientError(
                .notFound, "No device has the labels \(target.description)",
                hint: "See all devices and their labels with `fleet devices`")
        }
        let refused = answer.content.filter { $0.status == .refused }
        guard let first = refused.first else { return }
        throw FleetClientError(
            .refused,
            "\(refused.count) of \(answer.content.count) devices refused \(manifest.name), the "
                + "first \(first.device): \(first.reason ?? "it gave no reason")",
            hint: "See `fleet workloads`")
    }

    private func target(of manifest: WorkloadManifest) throws(FleetClientError) -> ApplyTarget {
        if let device { return .device(device) }
        if !on.isEmpty {
            let labels = try on.map { (text) throws(FleetClientError) in try Label(text) }
            return .selector(try DeviceSelector(labels))
        }
        guard let selector = manifest.selector else {
            throw FleetClientError(
                .usage, "Neither the manifest nor the command says where to run \(manifest.name)",
                hint: "Add `on: {key: value}` to the manifest, or give --on or --device")
        }
        return .selector(selector)
    }

    private func show(_ results: [ApplyResult]) {
        guard !results.isEmpty else { return }
        var table = Table([
            .init("DEVICE", comfortableWidth: 20), .init("PATH", comfortableWidth: 24),
            .init("STATUS"), .init("REASON"),
        ])
        for result in results {
            table.add([
                .init(result.device), .init(result.path), .init(result.status),
                .init(result.reason ?? ""),
            ])
        }
        Console.table(table)
    }
}

extension ApplyTarget {
    fileprivate var description: String {
        switch self {
        case .device(let id): id
        case .selector(let selector): selector.description
        }
    }
}
