/// What is to be done for one member of a layer.
public enum LayerStep: Sendable, Hashable {
    case directory(LayerPath, LayerMetadata)
    case file(LayerPath, LayerMetadata)
    case fifo(LayerPath, LayerMetadata)
    case symbolicLink(LayerPath, target: [UInt8], LayerMetadata)
    /// To a member of the same layer.
    case hardLink(LayerPath, to: LayerPath)
    /// The path is gone from the layers below.
    case whiteout(LayerPath)
    /// Nothing of the layers below is in this directory.
    case opaque(LayerPath)
    case nothing
}

/// What a file has besides its content, once the policy was applied.
public struct LayerMetadata: Sendable, Hashable {
    public let mode: UInt32
    public let user: UInt32
    public let group: UInt32
    /// Seconds since 1970.
    public let modified: Int64
    /// Bytes of a file, holes included.
    public let size: UInt64
    public let attributes: [TarEntry.Attribute]
}

/// Decides for each member of a layer what is done, and refuses what no layer may do (OCI image
/// specification, layer.md).
public struct LayerPlan: Sendable {
    private static let whiteoutPrefix = Array(".wh.".utf8)
    private static let opaqueName = Array(".wh..wh..opq".utf8)
    /// Bytes of an attribute's value (XATTR_SIZE_MAX).
    private static let attributeBytesMax = 64 << 10

    private let privileges: PrivilegePolicy
    public private(set) var budget: LayerBudget
    /// Files that lost set-user-ID, set-group-ID or capabilities.
    public private(set) var strippedFiles = 0
    /// Attributes that were left out, as they mean something to the board alone.
    public private(set) var droppedAttributes = 0

    public init(budget: LayerBudget, privileges: PrivilegePolicy) {
        self.budget = budget
        self.privileges = privileges
    }

    public mutating func onExpanded(_ count: Int) throws(ImageError) {
        try budget.onExpanded(count)
    }

    public mutating func onEntry(_ entry: TarEntry) throws(ImageError) -> LayerStep {
        let path = try LayerPath(entry.path)
        try budget.onEntry(entry)
        if path.name.starts(with: Self.whiteoutPrefix) {
            return try whiteout(path)
        }
        // Only the last name was looked at, and an earlier one may be a mark as well.
        guard !path.names.contains(where: { $0.starts(with: Self.whiteoutPrefix) }) else {
            throw ImageError.hostile("\(path) lies within the mark of a removed file")
        }
        if path.isRoot, entry.kind != .directory {
            throw ImageError.hostile("its root is no directory")
        }
        switch entry.kind {
        case .characterDevice, .blockDevice:
            throw ImageError.hostile(
                "\(path) is a device node; devices are given to a workload by its manifest")
        case .directory: return .directory(path, try metadata(entry, path))
        case .file: return .file(path, try metadata(entry, path))
        case .fifo: return .fifo(path, try metadata(entry, path))
        case .symbolicLink(let target):
            guard !target.isEmpty, !target.contains(0) else {
                throw ImageError.archive("the symbolic link \(path) has no target")
            }
            return .symbolicLink(path, target: target, try metadata(entry, path))
        case .hardLink(let target):
            let target = try LayerPath(target)
            guard !target.isRoot,
                !target.names.contains(where: { $0.starts(with: Self.whiteoutPrefix) })
            else { throw ImageError.hostile("\(path) is a hard link to what is no file") }
            return .hardLink(path, to: target)
        }
    }

    private func whiteout(_ path: LayerPath) throws(ImageError) -> LayerStep {
        if path.name == Self.opaqueName { return .opaque(path.parent) }
        let hidden = Array(path.name.dropFirst(Self.whiteoutPrefix.count))
        // aufs kept its own records under such names; nobody else's tools know them.
        if hidden.starts(with: Self.whiteoutPrefix) { return .nothing }
        let name = try LayerPath(hidden)
        guard name.names.count == 1 else {
            throw ImageError.hostile("\(path) removes no file but a directory's own name")
        }
        return .whiteout(LayerPath(names: path.parent.names + name.names))
    }

    private mutating func metadata(
        _ entry: TarEntry, _ path: LayerPath
    ) throws(ImageError) -> LayerMetadata {
        var isPrivileged = false
        var kept: [TarEntry.Attribute] = []
        for attribute in entry.attributes {
            switch try use(of: attribute, path) {
            case .keep: kept.append(attribute)
            case .drop: droppedAttributes += 1
            case .privilege:
                isPrivileged = true
                if privileges == .keep { kept.append(attribute) }
            }
        }
        // On a directory set-group-ID only says which group new files have.
        let bits: UInt32 = entry.kind == .directory ? 0o4000 : 0o6000
        isPrivileged = isPrivileged || entry.mode & bits != 0
        if isPrivileged, privileges == .refuse {
            throw ImageError(
                .hostile,
                "the image is refused: \(path) gives its user another's powers (set-user-ID, "
                    + "set-group-ID or capabilities)",
                advice: "build the image without it, or let them be taken away by --setuid strip")
        }
        let isStripped = isPrivileged && privileges == .strip
        if isStripped { strippedFiles += 1 }
        return LayerMetadata(
            mode: isStripped ? entry.mode & ~bits : entry.mode, user: entry.user,
            group: entry.group, modified: entry.modified, size: entry.size, attributes: kept)
    }

    private enum AttributeUse { case keep, drop, privilege }

    private func use(
        of attribute: TarEntry.Attribute, _ path: LayerPath
    ) throws(ImageError) -> AttributeUse {
        let name = attribute.name
        // The kernel's own marks: with them a layer could show other files than its own
        // (Documentation/filesystems/overlayfs.rst, redirect_dir and metacopy).
        if name.hasPrefix("trusted.overlay.") || name.hasPrefix("user.overlay.") {
            throw ImageError.hostile("\(path) has the attribute \(Shown.text(name)) of an overlay")
        }
        guard name.utf8.count <= 255, !name.utf8.contains(0),
            attribute.value.count <= Self.attributeBytesMax
        else {
            throw ImageError.archive("\(path) has an attribute that Linux would not keep")
        }
        if name == "security.capability" { return .privilege }
        // Labels of security modules and access lists name users and rules of where it was built.
        // On anything but files and directories Linux keeps no user attribute (xattr(7)).
        return name.hasPrefix("user.") && name.utf8.count > 5 ? .keep : .drop
    }
}
