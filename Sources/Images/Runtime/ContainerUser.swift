/// Who a container's process is, as numbers.
public struct ContainerUser: Sendable, Hashable {
    public let user: UInt32
    public let group: UInt32
    /// Groups that the image's group file gives the user beside.
    public let moreGroups: [UInt32]

    public static let root = ContainerUser(user: 0, group: 0)

    /// Bytes that are read of an image's `etc/passwd` and `etc/group`.
    public static let fileBytesMax = 1 << 20
    private static let groupsMax = 256

    public init(user: UInt32, group: UInt32, moreGroups: [UInt32] = []) {
        self.user = user
        self.group = group
        self.moreGroups = moreGroups
    }

    /// Looks a user up (passwd(5), group(5)).
    ///
    /// - Parameters:
    ///   - text: `user` or `user:group`, by name or number.
    ///   - users: The image's `etc/passwd`; nil where it has none.
    ///   - groups: The image's `etc/group`; nil where it has none.
    /// - Throws: where a name is not in its file. A number needs no entry; its group is then 0.
    public init(
        _ text: String, users: [UInt8]?, groups: [UInt8]?
    ) throws(ImageError) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(parts[0])
        let entries = Self.lines(users)
        let number = Self.number(name)
        let entry = entries.first { fields in
            fields.count > 3
                && (number == nil ? fields[0] == name : Self.number(fields[2]) == number)
        }
        guard let user = number ?? entry.flatMap({ Self.number($0[2]) }) else {
            throw Self.unknown("user", name, "etc/passwd")
        }
        let groupEntries = Self.lines(groups)
        if parts.count == 2 {
            let wanted = String(parts[1])
            let known = groupEntries.first { $0.count > 2 && $0[0] == wanted }
            guard let group = Self.number(wanted) ?? known.flatMap({ Self.number($0[2]) }) else {
                throw Self.unknown("group", wanted, "etc/group")
            }
            // Whoever names a group has no others (as with chroot --userspec and docker).
            self.init(user: user, group: group)
            return
        }
        let group = entry.flatMap { Self.number($0[3]) } ?? 0
        var more: Set<UInt32> = []
        if let login = entry?[0] {
            for fields in groupEntries where fields.count > 3 {
                guard let number = Self.number(fields[2]), number != group,
                    fields[3].split(separator: ",").contains(where: { $0 == login })
                else { continue }
                more.insert(number)
            }
        }
        self.init(
            user: user, group: group, moreGroups: Array(more.sorted().prefix(Self.groupsMax)))
    }

    private static func number(_ text: String) -> UInt32? {
        guard !text.isEmpty, text.utf8.allSatisfy({ 0x30...0x39 ~= $0 }) else { return nil }
        // (uid_t)-1 is no user (setuid(2) takes it for "leave as it is").
        return UInt32(text).flatMap { $0 == .max ? nil : $0 }
    }

    private static func lines(_ bytes: [UInt8]?) -> [[String]] {
        (bytes ?? []).prefix(fileBytesMax).split(separator: UInt8(ascii: "\n")).map { line in
            line.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
                .map { String(decoding: $0, as: UTF8.self) }
        }
    }

    private static func unknown(_ what: String, _ name: String, _ file: String) -> ImageError {
        ImageError(
            .usage, "the image has no \(what) \(Shown.text(name)) in its \(file)",
            advice: "give a number as the workload's user, such as \"1000:1000\"")
    }
}
