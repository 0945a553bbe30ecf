import Foundation
import LinuxPlatform
import TestSupport

@testable import EdgeAgent

/// A board's files as the doctor reads them: those of a healthy Raspberry Pi 4 with Raspberry Pi OS
/// 13, with what a test changes.
struct RecordedBoard {
    private let folder: TemporaryFolder
    private var files: [String: String] = [
        "/bin/sh": "\u{7F}ELF\u{2}\u{1}\u{1}             ",
        "/etc/os-release":
            "PRETTY_NAME=\"Debian GNU/Linux 13 (trixie)\"\nVERSION_ID=\"13\"\nID=debian\n",
        "/etc/rpi-issue": "Raspberry Pi reference 2025-10-01\n",
        "/etc/passwd":
            "root:x:0:0::/root:/bin/sh\nedge-agent:x:990:990::/var/lib/edge-agent:/bin/false\n",
        "/etc/group":
            "root:x:0:\ngpio:x:986:pi,edge-agent\ni2c:x:988:edge-agent\nspi:x:989:edge-agent\n",
        "/usr/bin/raspi-config": "#!/bin/sh\n",
        "/boot/firmware/config.txt": "# x\ndtparam=i2c_arm=on\ndtparam=spi=on\n",
        "/boot/firmware/cmdline.txt": "console=tty1 root=/dev/mmcblk0p2\n",
        "/proc/device-tree/model": "Raspberry Pi 4 Model B Rev 1.4\0",
        "/proc/cmdline": "console=tty1 root=/dev/mmcblk0p2 cgroup_enable=memory\n",
        "/sys/fs/cgroup/cgroup.controllers": "cpuset cpu io memory pids\n",
        "/dev/gpiochip0": "", "/dev/i2c-1": "", "/dev/spidev0.0": "",
        "/sys/devices/platform/soc/soc:firmware/get_throttled": "0\n",
        "/sys/block/mmcblk0/device/life_time": "0x02 0x01\n",
        "/sys/block/mmcblk0/device/pre_eol_info": "0x01\n",
        "/sys/fs/ext4/mmcblk0p2/errors_count": "0\n",
    ]

    init() throws { folder = try TemporaryFolder() }

    /// Nil takes a file away.
    subscript(path: String) -> String? {
        get { files[path] }
        set { files[path] = newValue }
    }

    func findings(buses: Set<String> = []) throws -> [String: Finding] {
        for (path, text) in files {
            let place = folder.path + path
            try FileManager.default.createDirectory(
                atPath: (place as NSString).deletingLastPathComponent,
                withIntermediateDirectories: true)
            try Data(text.utf8).write(to: URL(filePath: place))
        }
        let doctor = BoardDoctor(files: LinuxFileSystem(), root: folder.path, buses: buses)
        return doctor.findings().reduce(into: [:]) { $0[$1.check] = $1 }
    }
}
