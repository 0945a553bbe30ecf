public import Platform

/// What is wrong with the board itself: its system, its kernel's options, its buses, its supply and
/// its card. It reads the kernel's files and those of `/etc` and `/boot`, and changes nothing.
public struct BoardDoctor {
    let tree: BoardTree
    /// The buses that declared devices are on, such as `i2c-1`.
    let buses: Set<String>

    /// - Parameters:
    ///   - root: Where the board's file tree is; empty for this board.
    ///   - buses: The buses that the configuration's devices are on: without them it fails.
    public init(files: any FileSystem, root: String = "", buses: Set<String> = []) {
        tree = BoardTree(files: files, root: root)
        self.buses = buses
    }

    /// One finding a check; checks of what the board does not have are left out.
    public func findings() -> [Finding] {
        [userland(), system(), memoryController(), supply(), i2c(), spi(), groups()]
            .compactMap { $0 } + card()
    }

    var isRaspberryPi: Bool {
        tree.text("/proc/device-tree/model")?.hasPrefix("Raspberry Pi") ?? false
    }

    /// Where the firmware's files are: since Raspberry Pi OS 12 below `/boot/firmware`.
    var firmware: String { tree.has("/boot/firmware/config.txt") ? "/boot/firmware" : "/boot" }

    // MARK: - System

    /// Raspberry Pi OS has a 64-bit kernel under 32-bit programs on a Pi 4, so the kernel's word is
    /// not enough: what a program here is, its ELF header says.
    private func userland() -> Finding? {
        guard let header = tree.bytes("/bin/sh", maximumBytes: 20), header.count == 20,
            header.starts(with: [0x7F, 0x45, 0x4C, 0x46])
        else { return nil }
        guard header[4] == 1 else { return Finding("userland", .ok, "64-bit programs") }
        return Finding(
            "userland", .fail,
            "32-bit programs, whatever the kernel is: the agent and its libraries are 64-bit",
            "Write the card anew with Raspberry Pi OS 13 (64-bit), see docs/install-on-a-pi.md; "
                + "32-bit programs cannot be turned into 64-bit ones.")
    }

    private func system() -> Finding? {
        let fields = tree.lines("/etc/os-release").reduce(into: [String: String]()) {
            let parts = $1.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2 else { return }
            $0[parts[0]] = parts[1].filter { $0 != "\"" }
        }
        guard let id = fields["ID"] else { return nil }
        let title = fields["PRETTY_NAME"] ?? id
        let isOurs = tree.has("/etc/rpi-issue") || id == "raspbian"
        guard isOurs, let version = fields["VERSION_ID"].flatMap({ Int($0) }), version < 13 else {
            return Finding("system", .ok, title)
        }
        return Finding(
            "system", .warn,
            "Raspberry Pi OS \(version): the packages for boards are made for 13, and need its "
                + "C library",
            "Write the card anew with Raspberry Pi OS 13 (64-bit); Raspberry Pi has no upgrade in "
                + "place.")
    }

    /// The firmware of a Pi turns the controller off, unless the command line asks for it.
    private func memoryController() -> Finding? {
        let name = "memory"
        if let controllers = tree.text("/sys/fs/cgroup/cgroup.controllers"),
            controllers.split(separator: " ").contains("memory")
        {
            return Finding(name, .ok, "the kernel can bound the memory of workloads")
        }
        // Of version 1: name, hierarchy, groups, enabled.
        let old = tree.lines("/proc/cgroups").first { $0.hasPrefix("memory") }
        if old?.split(whereSeparator: { $0 == "\t" || $0 == " " }).last == "1" {
            return Finding(name, .ok, "the kernel can bound the memory of workloads (cgroup v1)")
        }
        guard let commandLine = tree.text("/proc/cmdline") else { return nil }
        let file = firmware + "/cmdline.txt"
        let detail =
            "the kernel's command line leaves out the memory controller"
            + (commandLine.contains("cgroup_disable=memory") ? " (cgroup_disable=memory)" : "")
            + ": memory limits of workloads and containers do not hold"
        let asked = tree.text(file)?.split(separator: " ").contains("cgroup_enable=memory") ?? false
        let advice =
            if asked {
                "\(file) asks for it since the last start: sudo reboot"
            } else if tree.has(file) {
                "sudo sed -i '1s/$/ cgroup_enable=memory/' \(file) && sudo reboot"
            } else {
                "Add cgroup_enable=memory to the kernel's command line and reboot."
            }
        return Finding(name, .warn, detail, advice)
    }
}
