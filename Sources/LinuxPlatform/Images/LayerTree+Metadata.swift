import CEdgeShims
import Glibc
import Images

extension LayerTree {
    /// In this order: a new owner takes set-user-ID and capabilities away (chown(2)).
    mutating func dress(
        _ descriptor: Int32, _ path: LayerPath, _ metadata: LayerMetadata
    ) throws(ImageError) {
        if isPrivileged, fchown(descriptor, metadata.user, metadata.group) != 0 {
            throw .system("give an owner to", path.description)
        }
        guard fchmod(descriptor, metadata.mode) == 0 else {
            throw .system("give permissions to", path.description)
        }
        for attribute in metadata.attributes
        where edge_set_attribute(
            descriptor, attribute.name, attribute.value, attribute.value.count) != 0
        {
            throw .system("give the attribute \(Shown.text(attribute.name)) to", path.description)
        }
        let time = timespec(tv_sec: time_t(metadata.modified), tv_nsec: 0)
        guard futimens(descriptor, [time, time]) == 0 else {
            throw .system("set the time of", path.description)
        }
        // It may be the one that is kept open for its members.
        if parent?.path == path { parent?.modified = time }
    }

    /// For what cannot be opened without effect: links and pipes. Links have no permissions.
    mutating func dress(
        _ path: LayerPath, _ metadata: LayerMetadata, mode: UInt32?
    ) throws(ImageError) {
        let folder = try enter(path.parent)
        let name = Self.cString(path.name)
        if isPrivileged,
            fchownat(folder, name, metadata.user, metadata.group, AT_SYMLINK_NOFOLLOW) != 0
        {
            throw .system("give an owner to", path.description)
        }
        if let mode, fchmodat(folder, name, mode, 0) != 0 {
            throw .system("give permissions to", path.description)
        }
        let time = timespec(tv_sec: time_t(metadata.modified), tv_nsec: 0)
        guard utimensat(folder, name, [time, time], AT_SYMLINK_NOFOLLOW) == 0 else {
            throw .system("set the time of", path.description)
        }
    }

    static func cString(_ bytes: [UInt8]) -> [CChar] {
        bytes.map { CChar(bitPattern: $0) } + [0]
    }
}
