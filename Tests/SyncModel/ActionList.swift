/// A run: who takes part, how frames are cut, and what happens.
public struct ActionList: Sendable, Equatable {
    public static let lengthMax = 60

    /// Devices that share the document: 1 or 2, each with a key of its own.
    public var devices: Int
    /// Cells in each part of a frame; 0 leaves frames whole.
    public var partSize: Int
    public var removalsKept: Int
    public var actions: [Action]

    public init(devices: Int, partSize: Int, removalsKept: Int, actions: [Action]) {
        self.devices = devices
        self.partSize = partSize
        self.removalsKept = removalsKept
        self.actions = actions
    }

    /// 5 to 25 actions of a family, always the same for one seed.
    public static func random(seed: UInt64, family: Family) -> ActionList {
        var random = Randomness(seed: seed)
        let devices = family.sharesDocument ? 2 : 1
        var list = ActionList(
            devices: devices, partSize: family.cutsFrames ? 1 + random.below(2) : 0,
            removalsKept: 1 + random.below(2), actions: [])
        let length = 5 + random.below(21)
        while list.actions.count < length {
            list.actions.append(family.action(boards: devices + 1, &random))
        }
        return list
    }
}

extension ActionList: CustomStringConvertible {
    /// A line for the settings and one for each action.
    public var description: String {
        var text = "devices \(devices) part-size \(partSize) removals-kept \(removalsKept)\n"
        for action in actions { text += "\(action)\n" }
        return text
    }

    /// Reads the text form; nil where a line is none of it or the list is too long.
    public init?(_ text: String) {
        let lines = text.split(separator: "\n")
        guard let header = lines.first?.split(separator: " "), header.count == 6,
            header[0] == "devices", header[2] == "part-size", header[4] == "removals-kept",
            let devices = Int(header[1]), (1...2).contains(devices), let size = Int(header[3]),
            (0...9).contains(size), let kept = Int(header[5]), (0...9).contains(kept),
            lines.count <= 1 + Self.lengthMax
        else { return nil }
        self.init(devices: devices, partSize: size, removalsKept: kept, actions: [])
        for line in lines.dropFirst() {
            guard let action = Action(line) else { return nil }
            actions.append(action)
        }
    }
}

/// SplitMix64, without the standard library's ranges, which are free to draw otherwise in another
/// version.
public struct Randomness: Sendable {
    private var state: UInt64

    public init(seed: UInt64) { state = seed }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    public mutating func below(_ bound: Int) -> Int { Int((next() >> 33) % UInt64(bound)) }

    mutating func one<Element>(of elements: [Element]) -> Element {
        elements[below(elements.count)]
    }
}
