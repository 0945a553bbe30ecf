/// The chips and lines of a board, to find lines by what people call them.
public struct GPIODirectory: Sendable {
    /// The chips whose offsets are the numbers that Raspberry Pi prints beside the header's pins:
    /// `GPIO17` is their offset 17, while the names in their device trees differ (`SDA1`, `PIN3`).
    public static let headerLabels: Set<String> = [
        "pinctrl-bcm2835", "pinctrl-bcm2711", "pinctrl-rp1",
    ]

    private let chips: [(chip: GPIOChip, lines: [GPIOLine])]

    /// - Parameter chips: As many as a board has; some tens.
    public init(_ chips: [(chip: GPIOChip, lines: [GPIOLine])]) { self.chips = chips }

    /// Finds the lines of a request, all on one chip.
    public func find(
        _ names: [String], chip label: String?
    ) throws(GPIOError) -> (chip: GPIOChip, lines: [GPIOLine]) {
        var found: (chip: GPIOChip, lines: [GPIOLine])?
        for name in names {
            let one = try find(name, chip: label ?? found?.chip.label)
            guard found.map({ $0.chip == one.chip }) ?? true else {
                throw GPIOError(.invalid, "lines of one request are on one chip; split it")
            }
            guard found?.lines.contains(one.line) != true else {
                throw GPIOError(.invalid, "line \(name) is named twice")
            }
            found = (one.chip, (found?.lines ?? []) + [one.line])
        }
        guard let found else { throw GPIOError(.invalid, "a request names at least one line") }
        return found
    }

    private func find(
        _ name: String, chip label: String?
    ) throws(GPIOError) -> (chip: GPIOChip, line: GPIOLine) {
        let candidates = chips.filter { label == nil || $0.chip.label == label }
        guard !candidates.isEmpty else {
            let labels = chips.map(\.chip.label).joined(separator: ", ")
            throw GPIOError(
                .notFound,
                "this board has no GPIO chip \(label ?? "") but "
                    + "\(labels.isEmpty ? "none" : labels): name one of them as chip")
        }
        let named = candidates.flatMap { entry in
            Self.lines(name, of: entry.chip, entry.lines).map { (chip: entry.chip, line: $0) }
        }
        guard let first = named.first else {
            throw GPIOError(
                .notFound,
                "no line \(name) on \(label.map { "chip \($0)" } ?? "any chip"):"
                    + " give a number below the chip's count, or a name that gpioinfo prints")
        }
        guard named.count == 1 else {
            throw GPIOError(
                .notFound, "\(named.count) lines are called \(name): name the chip, or the offset")
        }
        return first
    }

    private static func lines(
        _ name: String, of chip: GPIOChip, _ lines: [GPIOLine]
    ) -> [GPIOLine] {
        if let offset = Int(name) { return lines.filter { $0.offset == offset } }
        if headerLabels.contains(chip.label), name.hasPrefix("GPIO"),
            let offset = Int(name.dropFirst(4))
        {
            return lines.filter { $0.offset == offset }
        }
        return name.isEmpty ? [] : lines.filter { $0.name == name }
    }
}
