/// A directory or file that a container sees beside its image.
public struct ContainerVolume: Sendable, Hashable {
    public enum Source: Sendable, Hashable {
        /// Kept by the agent for this workload, under this name, whatever becomes of the container.
        case named(String)
        /// A path of the board.
        case path(String)
        /// In memory, empty at each start.
        case memory(mebibytes: Int64)
    }

    public let source: Source
    /// Where in the container.
    public let target: String
    public let isReadOnly: Bool

    public static let fields = ["at", "path", "read_only", "tmpfs_mib", "volume"]
    public static let countMax = 32
    static let pathBytesMax = 512
    public static let memoryRange: ClosedRange<Int64> = 1...65_536
    /// What each container gets from the runtime, and what of the board no container gets whole.
    private static let system = ["/dev", "/proc", "/sys"]

    static func read(_ value: Value?) throws(ContainerSpec.Fault) -> [ContainerVolume] {
        guard let value else { return [] }
        guard let items = value.arrayValue, items.count <= countMax else {
            throw ContainerSpec.Fault("volumes", "must be a list of at most \(countMax)")
        }
        var volumes: [ContainerVolume] = []
        for (index, item) in items.enumerated() {
            let volume = try ContainerVolume(item, "volumes[\(index)]")
            if volumes.contains(where: { $0.target == volume.target }) {
                throw ContainerSpec.Fault("volumes[\(index)].at", "is there twice")
            }
            volumes.append(volume)
        }
        // A mount hides what is below it, so the outer ones come first.
        return volumes.sorted { $0.target < $1.target }
    }

    private init(_ value: Value, _ place: String) throws(ContainerSpec.Fault) {
        guard let entries = value.mapValue else {
            throw ContainerSpec.Fault(
                place, "must be a map with at, and one of volume, path and tmpfs_mib")
        }
        if let entry = entries.first(where: { !Self.fields.contains($0.key) }) {
            throw ContainerSpec.Fault(
                "\(place).\(entry.key)",
                "is no field; use \(Self.fields.joined(separator: ", "))")
        }
        guard let target = value["at"]?.stringValue, Self.isPlain(target) else {
            throw ContainerSpec.Fault(
                "\(place).at",
                "must be an absolute path without . and .., outside of /dev, /proc and /sys")
        }
        self.target = target
        guard let isReadOnly = (value["read_only"] ?? .bool(false)).boolValue else {
            throw ContainerSpec.Fault("\(place).read_only", "must be true or false")
        }
        self.isReadOnly = isReadOnly
        source = try Self.source(value, place)
    }

    private static func source(
        _ value: Value, _ place: String
    ) throws(ContainerSpec.Fault) -> Source {
        switch (value["volume"], value["path"], value["tmpfs_mib"]) {
        case (let name?, nil, nil):
            guard let text = name.stringValue, isName(text) else {
                throw ContainerSpec.Fault(
                    "\(place).volume",
                    "must be a name of 1 to \(ContainerSpec.nameBytesMax) letters, digits, ., _ "
                        + "and -, beginning with a letter or a digit")
            }
            return .named(text)
        case (nil, let path?, nil):
            guard let text = path.stringValue, isPlain(text) else {
                throw ContainerSpec.Fault(
                    "\(place).path",
                    "must be an absolute path without . and .., outside of /dev, /proc and /sys")
            }
            return .path(text)
        case (nil, nil, let size?):
            guard let number = size.intValue, memoryRange.contains(number) else {
                throw ContainerSpec.Fault(
                    "\(place).tmpfs_mib",
                    "must be a whole number from \(memoryRange.lowerBound) to "
                        + "\(memoryRange.upperBound)")
            }
            return .memory(mebibytes: number)
        default:
            throw ContainerSpec.Fault(place, "must have one of volume, path and tmpfs_mib")
        }
    }

    private static func isName(_ text: String) -> Bool {
        1...ContainerSpec.nameBytesMax ~= text.utf8.count
            && text.utf8.allSatisfy(ContainerSpec.isNameByte)
            && text.utf8.first.map { $0 != UInt8(ascii: ".") && $0 != UInt8(ascii: "-") } == true
    }

    /// An absolute path that means one place, which is none of the kernel's.
    private static func isPlain(_ path: String) -> Bool {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        return path.hasPrefix("/") && path.utf8.count <= pathBytesMax
            && path.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
            && parts.allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." }
            && !system.contains { path == $0 || path.hasPrefix($0 + "/") }
    }
}
