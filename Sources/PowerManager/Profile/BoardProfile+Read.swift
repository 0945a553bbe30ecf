public import Platform

extension BoardProfile {
    /// Reads a profile; total over any tree.
    ///
    /// - Throws: all that is wrong, each with its line.
    public static func read(
        _ node: ConfigurationNode, file: String? = nil
    ) throws(ConfigurationErrors) -> BoardProfile {
        var reader = ProfileReader(file: file)
        let profile = reader.profile(node)
        guard reader.errors.isEmpty else { throw ConfigurationErrors(reader.errors) }
        return profile
    }
}

/// Reads the parts, and goes on after what is wrong, so that one run tells all.
struct ProfileReader {
    let file: String?
    var errors: [ConfigurationError] = []

    typealias Fields = [String: ConfigurationNode]

    init(file: String?) { self.file = file }

    mutating func fail(_ line: Int, _ path: String, _ message: String, _ hint: String) {
        guard errors.count <= ConfigurationErrors.maximumCount else { return }
        errors.append(
            ConfigurationError(file: file, line: line, field: path, message: message, hint: hint))
    }

    mutating func profile(_ node: ConfigurationNode) -> BoardProfile {
        let top = fields(
            node, "profile",
            known: [
                "name", "title", "compatible", "gpio", "buses", "reserved", "health", "boot",
                "power",
            ])
        var profile = BoardProfile(
            name: text(top["name"], "name", node.line),
            title: text(top["title"], "title", node.line),
            compatible: list(top["compatible"]).enumerated().map { index, item in
                text(item, "compatible[\(index)]", node.line)
            },
            gpio: top["gpio"].map { gpio($0) },
            buses: list(top["buses"]).enumerated().map { bus($1, "buses[\($0)]") },
            reserved: list(top["reserved"]).enumerated().map { reserved($1, "reserved[\($0)]") },
            health: health(top["health"]), boot: boot(top["boot"], node.line),
            power: power(top["power"]))
        if profile.compatible.isEmpty {
            fail(node.line, "compatible", "missing", "List what /proc/device-tree/compatible says.")
        }
        let isName =
            !profile.name.isEmpty && profile.name.utf8.count <= 64
            && profile.name.utf8.allSatisfy {
                (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D
            }
        if !isName {
            fail(top["name"]?.line ?? node.line, "name", "not a name", "Use a-z, 0-9 and -.")
        }
        checkLines(&profile, top)
        return profile
    }

    /// Lines that buses and reservations name exist on the chip.
    private mutating func checkLines(_ profile: inout BoardProfile, _ top: Fields) {
        let count = profile.gpio?.lines ?? 0
        let named =
            profile.buses.flatMap(\.lines) + profile.reserved.map(\.line)
            + (profile.gpio?.header.values.sorted() ?? [])
        guard let wrong = named.first(where: { $0 < 0 || $0 >= count }) else { return }
        fail(
            top["gpio"]?.line ?? 1, "gpio.lines", "line \(wrong) is named, and there are \(count)",
            "Lines count from 0; say how many the chip has.")
    }

    private mutating func gpio(_ node: ConfigurationNode) -> BoardProfile.GPIO {
        let part = fields(node, "gpio", known: ["chip", "lines", "header"])
        var header: [Int: Int] = [:]
        if let map = part["header"] {
            for (pin, item) in fields(map, "gpio.header", known: nil).sorted(by: { $0.key < $1.key }
            ) {
                // Written plainly: 05 and +5 would be pin 5 again.
                guard let number = Int(pin), "\(number)" == pin, (1...40).contains(number) else {
                    fail(
                        item.line, "gpio.header.\(ConfigurationError.excerpt(pin))", "not a pin",
                        "Pins are 1 to 40.")
                    continue
                }
                header[number] = whole(item, "gpio.header.\(pin)", node.line)
            }
        }
        return BoardProfile.GPIO(
            chip: text(part["chip"], "gpio.chip", node.line),
            lines: whole(part["lines"], "gpio.lines", node.line), header: header)
    }

    private mutating func bus(_ node: ConfigurationNode, _ path: String) -> BoardProfile.Bus {
        let part = fields(node, path, known: ["name", "kind", "lines"])
        let kind = text(part["kind"], path + ".kind", node.line)
        if !["i2c", "spi", "uart", "w1"].contains(kind) {
            fail(node.line, path + ".kind", "unknown kind", "Use i2c, spi, uart or w1.")
        }
        return BoardProfile.Bus(
            name: text(part["name"], path + ".name", node.line), kind: kind,
            lines: list(part["lines"]).enumerated().map {
                whole($1, path + ".lines[\($0)]", node.line)
            })
    }

    private mutating func reserved(
        _ node: ConfigurationNode, _ path: String
    ) -> BoardProfile.Reserved {
        let part = fields(node, path, known: ["line", "why"])
        return BoardProfile.Reserved(
            line: whole(part["line"], path + ".line", node.line),
            why: text(part["why"], path + ".why", node.line))
    }

    private mutating func health(_ node: ConfigurationNode?) -> BoardProfile.Health {
        guard let node else { return BoardProfile.Health() }
        let part = fields(node, "health", known: ["thermal", "throttled", "undervoltage"])
        return BoardProfile.Health(
            thermal: part["thermal"].map { sysfs($0, "health.thermal") },
            throttled: part["throttled"].map { sysfs($0, "health.throttled") },
            undervoltage: part["undervoltage"].map { sysfs($0, "health.undervoltage") })
    }

    private mutating func sysfs(_ node: ConfigurationNode, _ path: String) -> String {
        let file = text(node, path, node.line)
        if !file.hasPrefix("/sys/") || file.split(separator: "/").contains("..") {
            fail(node.line, path, "not a path under /sys/", "Name the kernel's file in full.")
        }
        return file
    }

    private mutating func boot(_ node: ConfigurationNode?, _ line: Int) -> BoardProfile.Boot {
        guard let node else {
            fail(line, "boot", "missing", "Say where the firmware is: `boot: {firmware: …}`.")
            return BoardProfile.Boot(firmware: "", slots: [])
        }
        let part = fields(node, "boot", known: ["firmware", "slots"])
        return BoardProfile.Boot(
            firmware: text(part["firmware"], "boot.firmware", node.line),
            slots: list(part["slots"]).enumerated().map {
                text($1, "boot.slots[\($0)]", node.line)
            })
    }

    private mutating func power(_ node: ConfigurationNode?) -> BoardProfile.Power {
        guard let node else { return BoardProfile.Power(levels: []) }
        let part = fields(
            node, "power",
            known: ["idle", "full", "halt", "leakage", "levels", "levels_source", "states"])
        let levels = list(part["levels"]).enumerated().map { index, item in
            let path = "power.levels[\(index)]"
            let level = fields(item, path, known: ["mhz", "volts"])
            return EnergyModel.Level(
                megahertz: whole(level["mhz"], path + ".mhz", item.line),
                volts: number(level["volts"], path + ".volts", item.line))
        }
        var power = BoardProfile.Power(
            idle: part["idle"].map { figure($0, "power.idle") },
            full: part["full"].map { figure($0, "power.full") },
            halt: part["halt"].map { figure($0, "power.halt") },
            leakage: part["leakage"].map { figure($0, "power.leakage") }, levels: levels,
            levelsSource: part["levels_source"].map { text($0, "power.levels_source", $0.line) })
        power.states = states(part["states"])
        if !levels.isEmpty, power.levelsSource == nil {
            fail(node.line, "power.levels_source", "missing", "Say who measured the voltages.")
        }
        if let idle = power.idle, let full = power.full, let halt = power.halt,
            let leakage = power.leakage, !levels.isEmpty,
            EnergyModel(
                levels: levels, idle: idle.value, full: full.value, leakage: leakage.value,
                halt: halt.value) == nil
        {
            fail(
                node.line, "power", "the figures give no model",
                "Levels rise by mhz with volts above 0, and full is above idle and the leakage.")
        }
        return power
    }

    private mutating func figure(
        _ node: ConfigurationNode, _ path: String
    ) -> BoardProfile.Figure {
        let part = fields(node, path, known: ["watts", "source"])
        return BoardProfile.Figure(
            value: number(part["watts"], path + ".watts", node.line),
            source: text(part["source"], path + ".source", node.line))
    }
}

extension ProfileReader {
    /// The entries of a mapping; `known` nil takes any key.
    mutating func fields(
        _ node: ConfigurationNode, _ path: String, known: Set<String>?
    ) -> Fields {
        guard case .mapping(let entries) = node.kind else {
            fail(node.line, path, "not a mapping", "Write `key: value` lines.")
            return [:]
        }
        var fields: Fields = [:]
        for (key, line, value) in entries.prefix(Self.entriesMax) {
            if let known, !known.contains(key) {
                let shown = ConfigurationError.excerpt(key)
                fail(
                    line, "\(path).\(shown)", "unknown field",
                    "Known are \(known.sorted().joined(separator: ", ")).")
            } else if !value.isNull {
                fields[key] = value
            }
        }
        return fields
    }

    private static let entriesMax = 200

    private mutating func list(_ node: ConfigurationNode?) -> [ConfigurationNode] {
        guard let node else { return [] }
        guard case .sequence(let items) = node.kind else {
            fail(node.line, "list", "not a list", "Write `[a, b]` or lines that begin with `-`.")
            return []
        }
        return Array(items.prefix(Self.entriesMax))
    }

    mutating func text(_ node: ConfigurationNode?, _ path: String, _ line: Int) -> String {
        guard let node, case .scalar(let text, _) = node.kind, !text.isEmpty else {
            fail(node?.line ?? line, path, "missing", "Give it a text.")
            return ""
        }
        if text.utf8.count > 500 {
            fail(node.line, path, "longer than 500 bytes", "Say it shorter.")
            return ""
        }
        return text
    }

    private mutating func number(
        _ node: ConfigurationNode?, _ path: String, _ line: Int
    ) -> Double {
        guard let node, case .scalar(let text, isQuoted: false) = node.kind,
            let number = Double(text), number.isFinite, (0...1e6).contains(number)
        else {
            fail(node?.line ?? line, path, "not a number from 0 to 1000000", "Write it plainly.")
            return 0
        }
        return number
    }

    mutating func whole(_ node: ConfigurationNode?, _ path: String, _ line: Int) -> Int {
        guard let node, case .scalar(let text, isQuoted: false) = node.kind,
            let number = Int(text), (0...1_000_000).contains(number)
        else {
            fail(node?.line ?? line, path, "not a whole number", "Write digits only.")
            return 0
        }
        return number
    }
}
