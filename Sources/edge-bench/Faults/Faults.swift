import ArgumentParser

/// `edge-bench faults`: wrong input and broken surroundings, with real processes.
struct Faults: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows that bad input and broken surroundings give clear errors and pass.",
        discussion: """
            Prints one line per case, `ok|FAIL name: what was seen`. Cases with full or read-only \
            disks need root.
            """)

    @Option(help: "Run only the case with this name.")
    var only: String?

    @OptionGroup var link: LinkOptions

    @OptionGroup var options: WorldOptions

    func validate() throws {
        guard let only, !FaultCase.all.contains(where: { $0.name == only }) else { return }
        let names = FaultCase.all.map(\.name).joined(separator: ", ")
        throw ValidationError("no case is called \(only); there are \(names)")
    }

    func run() async throws {
        let cases = FaultCase.all.filter { only == nil || $0.name == only }
        var failed = 0
        for fault in cases {
            let world = try World(options, name: fault.name)
            defer { world.close() }
            do {
                let seen = try await fault.run(world, link.link)
                Terminal.print("ok \(fault.name): \(seen)")
            } catch {
                failed += 1
                Terminal.print("FAIL \(fault.name): \(error)")
            }
        }
        guard failed == 0 else { throw BenchFailure("\(failed) of \(cases.count) cases failed") }
    }
}
