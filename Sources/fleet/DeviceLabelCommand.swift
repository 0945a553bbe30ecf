import ArgumentParser
import FleetClient

struct DeviceLabelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "label", abstract: "Set labels of a device (key=value) or remove them (key-).")

    @Argument(help: "The device's id.")
    var id: String

    @Argument(help: "Changes: key=value sets a label, key- removes it.")
    var changes: [String]

    func run() async throws {
        let parsed = try changes.map { (text) throws(FleetClientError) in try LabelChange(text) }
        let labels = try await Session.run { client in
            let present = try await client.device(id).content.labels
            let labels = LabelChange.apply(parsed, to: present)
            if labels != present { try await client.setLabels(id, labels) }
            return labels
        }
        let text = labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        let shown = text.isEmpty ? "no labels" : text.joined(separator: ",")
        Console.line("\(Display.clean(id)) has \(Display.clean(shown)).")
    }
}
