import Glibc
import Images
import Platform

/// Which images of a store containers run from. Their layers stay, whatever becomes of the images'
/// names.
///
///     uses/<owner>-<workload>     the record of the image that it was started from
///     uses.lock                   held while an image comes into use, and while some are removed
struct ImageUses {
    private static let recordBytesMax = 64 << 10
    private let store: String

    init(_ store: String) { self.store = store }

    /// The images in use, each with who uses it.
    func all() -> [(use: String, image: StoredImage)] {
        let files = LinuxFileSystem()
        return files.list(store + "/uses").compactMap { name in
            let bytes = try? files.read(
                "\(store)/uses/\(name)", maximumBytes: Self.recordBytesMax)
            return bytes.flatMap(StoredImage.init).map { (name, $0) }
        }
    }

    /// Notes a use of an image that is whole.
    /// - Throws: where it is not there or not whole, or images are being removed.
    func take(_ reference: String, for use: String) throws(ImageError) -> StoredImage {
        guard access(store + "/images", F_OK) == 0 else { throw Self.missing(reference) }
        if mkdir(store + "/uses", 0o700) != 0, errno != EEXIST {
            throw .system("make", store + "/uses")
        }
        let lock = try lock(waits: false)
        defer { close(lock) }
        guard let image = ImageStore.images(in: store).first(where: { $0.reference == reference })
        else { throw Self.missing(reference) }
        guard ImageStore.isComplete(image, in: store) else { throw Self.damaged(reference) }
        do throws(FileError) {
            try LinuxFileSystem().replace(
                "\(store)/uses/\(use)", with: Array(image.value.json.utf8), mode: 0o600)
        } catch {
            throw ImageError(error)
        }
        return image
    }

    /// Of the uses whose names begin with `owner`, forgets all but these.
    func keep(_ uses: Set<String>, of owner: String) {
        for name in LinuxFileSystem().list(store + "/uses")
        where name.hasPrefix(owner) && !uses.contains(name) {
            try? LinuxFileSystem().remove("\(store)/uses/\(name)")
        }
    }

    /// A descriptor that holds the lock until it is closed.
    func lock(waits: Bool) throws(ImageError) -> Int32 {
        let path = store + "/uses.lock"
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .system("open", path) }
        guard flock(file, waits ? LOCK_EX : LOCK_EX | LOCK_NB) == 0 else {
            close(file)
            throw ImageError(
                .store, "images are being removed from \(store)",
                advice: "it is tried again")
        }
        return file
    }

    static func missing(_ reference: String) -> ImageError {
        ImageError(
            .notFound, "there is no image \(reference) on this board",
            advice: "bring it by edge-agent image pull or load")
    }

    static func damaged(_ reference: String) -> ImageError {
        ImageError(
            .store, "the image \(reference) is damaged",
            advice: "mend it by edge-agent image verify --repair")
    }
}
