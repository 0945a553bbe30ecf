import ArgumentParser

struct DeviceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "device",
        abstract: "Show, rename, label, approve, revoke or remove one device.",
        subcommands: [
            DeviceShowCommand.self, DeviceRenameCommand.self, DeviceLabelCommand.self,
            DeviceApproveCommand.self, DeviceRevokeCommand.self, DeviceDecommissionCommand.self,
            DeviceRemoveCommand.self,
        ])
}
