import LinuxPlatform
import TestSupport
import Testing

@testable import EdgeAgent

@Suite struct BoardDoctorTests {
    /// The one finding of a check on a board that is well but for `change`.
    private func finding(
        _ check: String, buses: Set<String> = [], _ change: (inout RecordedBoard) -> Void
    ) throws -> Finding {
        var board = try RecordedBoard()
        change(&board)
        return try #require(try board.findings(buses: buses)[check])
    }

    @Test func aHealthyBoardHasNothing() throws {
        let findings = try RecordedBoard().findings(buses: ["i2c-1"])
        #expect(
            findings.keys.sorted() == [
                "card", "ext4", "groups", "i2c", "memory", "spi", "supply", "system", "userland",
            ])
        for finding in findings.values {
            #expect(finding.result == .ok, "\(finding)")
            #expect(finding.advice.isEmpty)
        }
    }

    @Test func disabledI2CIsNamedWithTheLineThatMendsIt() throws {
        let disabled = { (board: inout RecordedBoard) in
            board["/dev/i2c-1"] = nil
            board["/boot/firmware/config.txt"] = "#dtparam=i2c_arm=on\ndtparam=i2c_arm=off\n"
        }
        let found = try finding("i2c", disabled)
        #expect(found.result == .warn)
        #expect(found.detail.contains("I2C is disabled"))
        #expect(found.advice == "sudo raspi-config nonint do_i2c 0")
        // A device that needs it cannot be read.
        #expect(try finding("i2c", buses: ["i2c-1"], disabled).result == .fail)
        let debian = try finding("i2c") {
            disabled(&$0)
            $0["/usr/bin/raspi-config"] = nil
        }
        #expect(
            debian.advice
                == "echo dtparam=i2c_arm=on | sudo tee -a /boot/firmware/config.txt && sudo reboot")
        let asked = try finding("i2c") {
            $0["/dev/i2c-1"] = nil
            $0["/boot/firmware/config.txt"] = "dtparam=audio=on,i2c_arm=on\n"
        }
        #expect(asked.advice.hasSuffix("asks for it since the last start: sudo reboot"))
    }

    @Test func aMissingModuleIsNotADisabledBus() throws {
        let found = try finding("i2c") {
            $0["/dev/i2c-1"] = nil
            $0["/sys/bus/i2c/devices/i2c-1"] = ""
        }
        #expect(found.detail.contains("i2c-dev is not loaded"))
        #expect(found.advice.hasPrefix("sudo modprobe i2c-dev"))
    }

    @Test func aBusThatOtherBoardsHaveIsMissed() throws {
        let found = try finding("i2c", buses: ["i2c-7"]) { $0["/proc/device-tree/model"] = nil }
        #expect(found.result == .fail)
        #expect(found.detail == "there is no bus i2c-7")
        #expect(found.advice.contains("i2c-1"))
    }

    @Test func disabledSPI() throws {
        let found = try finding("spi") {
            $0["/dev/spidev0.0"] = nil
            $0["/boot/firmware/config.txt"] = ""
        }
        #expect(found.result == .warn)
        #expect(found.detail.contains("SPI is disabled"))
        #expect(found.advice == "sudo raspi-config nonint do_spi 0")
    }

    @Test func aMissingGroup() throws {
        let found = try finding("groups", buses: ["i2c-1"]) {
            $0["/etc/group"] = "gpio:x:986:edge-agent\ni2c:x:988:pi\nspi:x:989:\n"
        }
        #expect(found.result == .fail)
        #expect(found.detail.hasPrefix("edge-agent is not in i2c, spi,"))
        #expect(
            found.advice
                == "sudo usermod -aG i2c,spi edge-agent, then: sudo systemctl restart edge-agent")
        let none = try finding("groups") { $0["/etc/group"] = "gpio:x:986:edge-agent\n" }
        #expect(none.result == .warn)
        #expect(none.detail.hasPrefix("there is no group i2c and spi"))
        // Without the service's user it is the one who asks; a first group counts as well.
        let own = try finding("groups") {
            $0["/etc/passwd"] = "pi:x:1000:988::/:/bin/sh\n"
            $0["/proc/self/status"] = "Name:\tsh\nUid:\t1000\t1000\t1000\t1000\n"
            $0["/etc/group"] = "gpio:x:986:pi\ni2c:x:988:\nspi:x:989:edge-agent\n"
        }
        #expect(own.detail.hasPrefix("pi is not in spi,"))
        #expect(own.advice == "sudo usermod -aG spi pi, then: log in anew")
    }

    @Test func thirtyTwoBitPrograms() throws {
        let found = try finding("userland") {
            $0["/bin/sh"] = "\u{7F}ELF\u{1}\u{1}\u{1}             "
        }
        #expect(found.result == .fail)
        #expect(found.detail.contains("32-bit"))
        #expect(found.advice.contains("Raspberry Pi OS 13 (64-bit)"))
    }

    @Test func raspberryPiOS12() throws {
        let twelve = "PRETTY_NAME=\"Debian 12 (bookworm)\"\nVERSION_ID=\"12\"\nID=debian\n"
        let found = try finding("system") { $0["/etc/os-release"] = twelve }
        #expect(found.result == .warn)
        #expect(found.detail.hasPrefix("Raspberry Pi OS 12:"))
        #expect(!found.advice.isEmpty)
        // Debian 12 is none of Raspberry Pi's.
        let debian = try finding("system") {
            $0["/etc/os-release"] = twelve
            $0["/etc/rpi-issue"] = nil
        }
        #expect(debian.result == .ok)
    }

    @Test func theMemoryControllerIsMissing() throws {
        let off = { (board: inout RecordedBoard) in
            board["/sys/fs/cgroup/cgroup.controllers"] = "cpuset cpu io pids\n"
            board["/proc/cmdline"] = "coherent_pool=1M cgroup_disable=memory root=/dev/mmcblk0p2\n"
        }
        let found = try finding("memory", off)
        #expect(found.result == .warn)
        #expect(found.detail.contains("(cgroup_disable=memory)"))
        #expect(
            found.advice
                == "sudo sed -i '1s/$/ cgroup_enable=memory/' /boot/firmware/cmdline.txt "
                + "&& sudo reboot")
        let asked = try finding("memory") {
            off(&$0)
            $0["/boot/firmware/cmdline.txt"] = "root=/dev/mmcblk0p2 cgroup_enable=memory\n"
        }
        #expect(asked.advice.hasSuffix("sudo reboot"))
        #expect(!asked.advice.contains("sed"))
        let old = try finding("memory") {
            off(&$0)
            $0["/proc/cgroups"] = "#subsys_name\thierarchy\tnum_cgroups\tenabled\nmemory\t5\t9\t1\n"
        }
        #expect(old.result == .ok)
    }

    @Test(arguments: [
        ("50005", "fail", "undervoltage now"), ("50000", "warn", "undervoltage since the start"),
        ("80008", "warn", "for heat"), ("0x2", "warn", "for heat"),
    ])
    func supply(word: String, result: String, text: String) throws {
        let found = try finding("supply") {
            $0["/sys/devices/platform/soc/soc:firmware/get_throttled"] = word + "\n"
        }
        #expect(found.result.rawValue == result)
        #expect(found.detail.contains(text))
        #expect(!found.advice.isEmpty)
    }

    @Test func undervoltageAsTheSensorTellsIt() throws {
        let found = try finding("supply") {
            $0["/sys/devices/platform/soc/soc:firmware/get_throttled"] = nil
            $0["/sys/class/hwmon/hwmon1/name"] = "rpi_volt\n"
            $0["/sys/class/hwmon/hwmon1/in0_lcrit_alarm"] = "1\n"
        }
        #expect(found.result == .fail)
    }

    @Test(arguments: [
        ("0x01 0x09", "0x01", "warn", "80 to 90 %"), ("0x0b 0x01", "0x01", "fail", "life time"),
        ("0x01 0x01", "0x02", "warn", "four fifths"), ("0x01 0x01", "0x03", "fail", "spare blocks"),
        ("0x01 0x08", "0x01", "ok", "at most 80 %"),
    ])
    func wornCard(life: String, reserve: String, result: String, text: String) throws {
        let found = try finding("card") {
            $0["/sys/block/mmcblk0/device/life_time"] = life + "\n"
            $0["/sys/block/mmcblk0/device/pre_eol_info"] = reserve + "\n"
        }
        #expect(found.result.rawValue == result, "\(found)")
        #expect(found.detail.contains(text), "\(found)")
        #expect(found.advice.isEmpty == (result == "ok"))
    }

    @Test func errorsOfTheFileSystem() throws {
        let found = try finding("ext4") { $0["/sys/fs/ext4/mmcblk0p2/errors_count"] = "3\n" }
        #expect(found.result == .fail)
        #expect(found.detail.contains("3 errors in the file system on mmcblk0p2"))
        #expect(found.advice.hasPrefix("sudo tune2fs -E force_fsck /dev/mmcblk0p2"))
    }

    @Test func aBoardThatTellsNothingHasNoFindings() throws {
        let doctor = BoardDoctor(files: LinuxFileSystem(), root: "/nonexistent")
        #expect(doctor.findings().isEmpty)
    }
}
