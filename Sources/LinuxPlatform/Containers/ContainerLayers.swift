import CEdgeShims
import Glibc
import Images
import Platform

/// What a container needs of its image's layers before they are mounted.
struct ContainerLayers {
    let image: StoredImage
    /// The image store.
    let store: String

    init(image: StoredImage, in store: String) {
        self.image = image
        self.store = store
    }

    /// As the configuration says, which is checked by its digest once more: it decides what runs.
    func process() throws(ImageError) -> ImageProcess {
        guard let bytes = ImageStore.readBlob(image.configuration, in: store),
            try ContentHash.digest(bytes) == image.configuration
        else { throw ImageUses.damaged(image.reference) }
        return try ImageProcess(bytes)
    }

    /// Layers by their short names, the topmost first, as overlayfs has it. What is written is thrown
    /// away in the end, so nothing of it is synced (overlayfs.rst, volatile).
    func options(upper: String, work: String) -> String {
        let lower = names.reversed().joined(separator: ":")
        return "volatile,lowerdir=\(lower),upperdir=\(upper),workdir=\(work)"
    }

    private var names: [String] {
        image.layers.map { ImageStore.name(of: $0, image.privileges) }
    }

    func user(_ text: String?) throws(ImageError) -> ContainerUser {
        guard let text else { return .root }
        return try ContainerUser(
            text, users: read("passwd"), groups: read("group"))
    }

    /// A file of /etc, from the topmost layer that has or hides it. No link is followed.
    private func read(_ name: String) -> [UInt8]? {
        for layer in names.reversed() {
            let folder = open(
                "\(store)/layers/\(layer)", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
            guard folder >= 0 else { return nil }
            defer { close(folder) }
            let file = edge_open_beneath(
                folder, "etc/" + name, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
            if file >= 0 {
                defer { close(file) }
                return content(file)
            }
            // A whiteout, or something that is neither file nor missing.
            guard errno == ENOENT, !hidesBelow(folder) else { return nil }
        }
        return nil
    }

    private func content(_ file: Int32) -> [UInt8]? {
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        var bytes = [UInt8](repeating: 0, count: ContainerUser.fileBytesMax)
        var count = 0
        while count < bytes.count {
            let more = bytes.withUnsafeMutableBytes {
                Glibc.read(file, $0.baseAddress?.advanced(by: count), $0.count - count)
            }
            guard more > 0 else { break }
            count += more
        }
        return Array(bytes[0..<count])
    }

    /// Whether a layer's /etc lets nothing of lower ones through.
    private func hidesBelow(_ folder: Int32) -> Bool {
        let etc = edge_open_beneath(folder, "etc", O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard etc >= 0 else { return errno != ENOENT }
        defer { close(etc) }
        var value: UInt8 = 0
        return edge_get_attribute(etc, "trusted.overlay.opaque", &value, 1) == 1
            && value == UInt8(ascii: "y")
    }
}
