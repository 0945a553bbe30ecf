import Platform

/// What wears a board down: its supply, and its card.
extension BoardDoctor {
    /// Bits of the firmware's word (Raspberry Pi documentation, `vcgencmd get_throttled`); 16
    /// higher the same since the start.
    private static let undervoltage: UInt64 = 1
    private static let heat: UInt64 = 0b1110

    func supply() -> Finding? {
        // The path of all profiles in firmware-profiles; hexadecimal without 0x.
        let word = tree.text("/sys/devices/platform/soc/soc:firmware/get_throttled")
            .flatMap { UInt64($0.hasPrefix("0x") ? String($0.dropFirst(2)) : $0, radix: 16) }
        let alarm = tree.names("/sys/class/hwmon", prefix: "hwmon").contains { name in
            let folder = "/sys/class/hwmon/\(name)/"
            return tree.text(folder + "name") == "rpi_volt"
                && tree.text(folder + "in0_lcrit_alarm") == "1"
        }
        guard word != nil || alarm else { return nil }
        let bits = (word ?? 0) | (alarm ? Self.undervoltage : 0)
        let mend =
            "Use the board's own supply (5.1 V; 3 A, for a Pi 5 5 A) on a short cable; "
            + "sudo reboot clears what was since the start."
        if bits & Self.undervoltage != 0 {
            return Finding(
                "supply", .fail,
                "undervoltage now: the supply gives less than 4.63 V, which damages cards and "
                    + "slows the processor", mend)
        }
        if bits >> 16 & Self.undervoltage != 0 {
            return Finding(
                "supply", .warn, "undervoltage since the start: the supply was below 4.63 V", mend)
        }
        if bits & Self.heat != 0 || bits >> 16 & Self.heat != 0 {
            return Finding(
                "supply", .warn, "the processor is or was slowed for heat",
                "Give the board air or a heat sink; vcgencmd measure_temp tells how warm it is.")
        }
        return Finding("supply", .ok, "no undervoltage since the start")
    }

    /// One finding a card, and one for the file systems on them.
    func card() -> [Finding] {
        let cards = tree.names("/sys/block", prefix: "mmcblk").filter { name in
            name.dropFirst("mmcblk".count).allSatisfy(\.isNumber)
        }
        return cards.compactMap(wear) + [fileSystems()].compactMap { $0 }
    }

    /// Only eMMC tells its wear (JEDEC JESD84-B51, §7.4: the extended CSD's life time estimates in
    /// steps of a tenth, and its reserve of blocks).
    private func wear(_ card: String) -> Finding? {
        let folder = "/sys/block/\(card)/device/"
        let spent = (tree.text(folder + "life_time") ?? "").split(separator: " ")
            .compactMap { BoardTree.number($0) }.max()
        let reserve = tree.text(folder + "pre_eol_info").flatMap { BoardTree.number($0) }
        guard spent ?? 0 > 0 || reserve ?? 0 > 0 else { return nil }
        let mend = "Copy /var/lib/edge-agent elsewhere and replace \(card) soon."
        let tenths = spent ?? 0
        if tenths > 10 || reserve == 3 {
            return Finding(
                "card", .fail,
                "\(card) is worn out: "
                    + (tenths > 10 ? "its life time is exceeded" : "its spare blocks are used up"),
                mend)
        }
        if tenths >= 9 || reserve == 2 {
            return Finding(
                "card", .warn,
                "\(card) is nearly worn out: "
                    + (reserve == 2
                        ? "four fifths of its spare blocks are used"
                        : "\((tenths - 1) * 10) to \(tenths * 10) % of its life time is spent"),
                mend)
        }
        return Finding("card", .ok, "\(card): at most \(tenths * 10) % of its life time is spent")
    }

    private func fileSystems() -> Finding? {
        let counts = tree.names("/sys/fs/ext4").compactMap { name -> (String, UInt64)? in
            tree.text("/sys/fs/ext4/\(name)/errors_count").flatMap { BoardTree.number($0) }
                .map { (name, $0) }
        }
        guard !counts.isEmpty else { return nil }
        guard let (name, count) = counts.first(where: { $0.1 > 0 }) else {
            return Finding("ext4", .ok, "no errors on \(counts.map(\.0).joined(separator: ", "))")
        }
        return Finding(
            "ext4", .fail,
            "the kernel has met \(count) errors in the file system on \(name), as of a dying card "
                + "or a power loss",
            "sudo tune2fs -E force_fsck /dev/\(name) && sudo reboot; where they come again, replace "
                + "the card.")
    }
}
