import Glibc
import Images
import Platform

extension ImageError {
    /// What errno(3) says of the store's own disk.
    static func system(_ operation: String, _ path: String) -> ImageError {
        let code = errno
        let advice =
            switch code {
            case ENOSPC, EDQUOT: "free space: edge-agent image remove, or a smaller --quota"
            case EPERM, EACCES: "run as root, or as the owner of the store"
            case EOPNOTSUPP: "put the store on ext4, xfs or btrfs"
            case EIO, EROFS: "look into the kernel's log: the disk fails or is read-only"
            default: "look into the store's directory"
            }
        return ImageError(
            .store, "cannot \(operation) \(path): \(String(cString: strerror(code)))",
            advice: advice)
    }

    init(_ error: FileError) {
        errno = error.code
        self = .system(error.operation, error.path)
    }
}
