import CEdgeShims
import Glibc
public import Images
import Platform

/// Images on the board's disk, named by what they hold.
///
///     blobs/<digest>      manifests and configurations
///     layers/<name>       unpacked layers, as an overlay takes them; shared between images
///     records/<name>      what belongs in a layer: written last, so a layer without one is not there
///     images/<name>       which manifest and layers an image has: written after all of them
///     partial/<digest>    what was fetched of a blob until now
///     staging/            what is being unpacked or removed; nothing here is ever used
///     lock, unclean       one process writes at a time, and says so until it has ended well
///
/// Each step is durable before the next: a layer's files (syncfs(2)), then its name, then its record,
/// then the image's. Whatever moment the power goes, an image that is listed is whole.
public final class ImageStore {
    /// Bytes of the digest in a layer's name. An overlay's options are one page, see
    /// `ImageLimits.layersMax`; the record has the whole digest, which is compared.
    private static let nameDigits = 24
    private static let recordBytesMax = 64 << 10

    public let path: String
    public let limits: ImageLimits
    public let privileges: PrivilegePolicy
    private let lock: Int32
    private let files = LinuxFileSystem()
    /// What the last process to write here left behind, said in words; nil where it ended well.
    public private(set) var recovery: String?

    /// Whether the mark is this process's to take away: not where another has the lock, nor where what
    /// was left behind could not be cleared.
    private var hasMark = false

    private static let folders = ["blobs", "layers", "records", "images", "partial", "staging"]

    /// Opens a store for writing; makes it where there is none.
    public init(
        at path: String, limits: ImageLimits = ImageLimits(), privileges: PrivilegePolicy = .strip
    ) throws(ImageError) {
        self.path = path
        self.limits = limits
        self.privileges = privileges
        guard path.hasPrefix("/") else {
            throw ImageError(
                .usage, "the image store \(path) is no absolute path",
                advice: "write it from / on, as --store /var/lib/edge-images")
        }
        let files = LinuxFileSystem()
        do throws(FileError) {
            // Nobody else may look in: layers hold what containers keep from users of the board.
            try files.makeDirectory(path, mode: 0o700)
            for folder in Self.folders {
                try files.makeDirectory(path + "/" + folder, mode: 0o700)
            }
        } catch {
            throw ImageError(error)
        }
        // Whoever could change a directory on the way could have root write where they like.
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR,
            status.st_uid == geteuid(), status.st_mode & 0o022 == 0
        else {
            throw ImageError(
                .store,
                "the image store \(path) is no directory of this user alone",
                advice: "give --store DIR, in a directory that only root writes to")
        }
        lock = open(path + "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0 else { throw .system("open", path + "/lock") }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            throw ImageError(
                .store, "another process is writing to the image store \(path)",
                advice: "wait until it has ended")
        }
        try recover()
    }

    deinit {
        if hasMark { try? files.remove(path + "/unclean") }
        close(lock)
    }

    /// Reads without a lock: records are replaced as a whole.
    public static func images(in path: String) -> [StoredImage] {
        let files = LinuxFileSystem()
        return files.list(path + "/images").compactMap { name in
            guard !name.hasSuffix(".new") else { return nil }
            let bytes = try? files.read("\(path)/images/\(name)", maximumBytes: recordBytesMax)
            return bytes.flatMap(StoredImage.init)
        }.sorted { $0.reference < $1.reference }
    }

    public func images() -> [StoredImage] { Self.images(in: path) }

    public func image(_ reference: String) -> StoredImage? {
        images().first { $0.reference == reference }
    }

    // MARK: After an unclean end

    /// Removes what an earlier process had not finished. After a cut of power all is compared with
    /// its seal as well: a disk may have lost what it said to have written. A process that was only
    /// killed leaves the kernel's pages as they were.
    private func recover() throws(ImageError) {
        let boot = Self.boot()
        let mark = try? files.read(path + "/unclean", maximumBytes: 128)
        for name in files.list(path + "/staging") {
            try TreeRemoval.remove("\(path)/staging/\(name)")
        }
        if let mark {
            let isSameBoot = !boot.isEmpty && mark == boot
            recovery = "the last process did not end well"
            if !isSameBoot {
                let damage = try verify()
                recovery =
                    damage.isEmpty
                    ? "the board stopped while images were written; all that are listed are whole"
                    : "the board stopped while images were written; \(damage.count) are damaged"
            }
        }
        try put("unclean", boot)
        hasMark = true
    }

    private static func boot() -> [UInt8] {
        LinuxFileSystem.text("/proc/sys/kernel/random/boot_id").map { Array($0.utf8) } ?? []
    }

    // MARK: Places

    /// Which name a layer has. With another policy it is another layer.
    static func name(of layer: ContentDigest, _ policy: PrivilegePolicy) -> String {
        String(layer.hex.prefix(nameDigits)) + (policy == .keep ? "k" : "")
    }

    func name(of layer: ContentDigest) -> String { Self.name(of: layer, privileges) }

    /// Where the files of an image's layers are, lowest first.
    public func layerPaths(of image: StoredImage) -> [String] {
        image.layers.map { "\(path)/layers/\(Self.name(of: $0, image.privileges))" }
    }

    func blobPath(_ digest: ContentDigest) -> String { "\(path)/blobs/\(digest.hex)" }
    func partialPath(_ digest: ContentDigest) -> String { "\(path)/partial/\(digest.hex)" }

    func imagePath(_ reference: String) throws(ImageError) -> String {
        "\(path)/images/\(try ContentHash.digest(Array(reference.utf8)).hex)"
    }

    static func record(of name: String, in path: String) -> StoredLayer? {
        let bytes = try? LinuxFileSystem().read(
            "\(path)/records/\(name)", maximumBytes: recordBytesMax)
        return bytes.flatMap(StoredLayer.init)
    }

    func record(of name: String) -> StoredLayer? { Self.record(of: name, in: path) }

    func list(_ folder: String) -> [String] { files.list("\(path)/\(folder)") }

    func put(_ name: String, _ bytes: [UInt8]) throws(ImageError) {
        do throws(FileError) {
            try files.replace("\(path)/\(name)", with: bytes, mode: 0o600)
        } catch {
            throw ImageError(error)
        }
    }

    static func readBlob(_ digest: ContentDigest, in path: String) -> [UInt8]? {
        try? LinuxFileSystem().read(
            "\(path)/blobs/\(digest.hex)", maximumBytes: ImageLimits.documentBytesMax + 1)
    }

    func readBlob(_ digest: ContentDigest) -> [UInt8]? { Self.readBlob(digest, in: path) }

    /// Takes a file away so that it stays away, and a tree so that no half of it is ever seen.
    func take(_ name: String) throws(ImageError) {
        let source = "\(path)/\(name)"
        let doomed = "\(path)/staging/\(name.split(separator: "/").last ?? "x").old"
        try TreeRemoval.remove(doomed)
        if rename(source, doomed) != 0 {
            if errno == ENOENT { return }
            throw .system("remove", source)
        }
        try syncFolder(of: name)
        try TreeRemoval.remove(doomed)
    }

    func syncFolder(of name: String) throws(ImageError) {
        let folder = "\(path)/\(name.split(separator: "/").dropLast().joined(separator: "/"))"
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system("open", folder) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .system("sync", folder) }
    }
}
