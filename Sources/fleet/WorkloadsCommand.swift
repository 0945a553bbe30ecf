import ArgumentParser
import FleetClient

struct WorkloadsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "workloads", abstract: "List the workloads of all devices.")

    @OptionGroup var selection: SelectorOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let selector = try selection.parsed()
        let answer = try await Session.run { try await $0.workloads(selector) }
        if output.isJSON { return Console.json(answer.object) }
        guard !answer.content.isEmpty else {
            let place = selector.map { " on devices with the labels \($0)" } ?? ""
            Console.paragraph("No workload\(place). Start one with `fleet apply -f FILE`.")
            return
        }
        var table = Table([
            .init("DEVICE", comfortableWidth: 18), .init("WORKLOAD", comfortableWidth: 12),
            .init("STATUS"), .init("STATE"), .init("PID", .right), .init("RESTARTS", .right),
            .init("REASON", comfortableWidth: 10),
        ])
        for workload in answer.content {
            table.add([
                .init(workload.device), .init(workload.name), .init(workload.status),
                .init(workload.state ?? ""),
                .init(workload.pid.map { String($0) } ?? ""),
                .init(workload.restarts.map { String($0) } ?? ""),
                .init(workload.reason ?? ""),
            ])
        }
        Console.table(table)
    }
}
