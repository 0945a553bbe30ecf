import ArgumentParser

struct DeviceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "device",
        abstract: "Show, rename, label or remove one device.",
        subcommands: [
            DeviceShowCommand.self, DeviceRenameCommand.self, DeviceLabelCommand.self,
            DeviceRemoveCommand.self,
        ])
}
