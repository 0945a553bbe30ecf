import Glibc
import Images

/// A blob that is being fetched into a file. Its digest is made on the way, so that what came is
/// known to be right as soon as it is there; a file that another process left goes on where it ends.
final class BlobFile {
    private let path: String
    private let descriptor: ContentDescriptor
    private let file: Int32
    private let hash: ContentHash
    private(set) var count: UInt64 = 0
    /// Bytes that were there before.
    let resumedBytes: UInt64

    init(_ path: String, _ descriptor: ContentDescriptor) throws(ImageError) {
        self.path = path
        self.descriptor = descriptor
        let hash = try ContentHash()
        file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { throw .system("create", path) }
        var there: UInt64 = 0
        var chunk = [UInt8](repeating: 0, count: 128 << 10)
        while true {
            let read = pread(file, &chunk, chunk.count, off_t(there))
            if read < 0, errno == EINTR { continue }
            guard read >= 0 else {
                close(file)
                throw .system("read", path)
            }
            if read == 0 { break }
            chunk.withUnsafeBytes { hash.update(UnsafeRawBufferPointer(rebasing: $0[0..<read])) }
            there += UInt64(read)
        }
        self.hash = hash
        count = there
        resumedBytes = there
        if there > descriptor.size { try begin(at: 0) }
    }

    deinit { close(file) }

    var isComplete: Bool { count == descriptor.size }

    /// What comes next begins at `offset`: where this ends, or anew.
    func begin(at offset: UInt64) throws(ImageError) {
        guard offset != count else { return }
        guard ftruncate(file, 0) == 0 else { throw .system("write", path) }
        _ = hash.finish()
        count = 0
    }

    func put(_ bytes: UnsafeRawBufferPointer) throws(ImageError) {
        guard UInt64(bytes.count) <= descriptor.size - count else {
            throw ImageError(
                .digest, "\(descriptor.digest) is longer than the \(descriptor.size) bytes it has",
                advice: "push the image again, or use another mirror")
        }
        var done = 0
        while done < bytes.count {
            let written = pwrite(
                file, bytes.baseAddress?.advanced(by: done), bytes.count - done,
                off_t(count) + off_t(done))
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { throw .system("write", path) }
            done += written
        }
        hash.update(bytes)
        count += UInt64(bytes.count)
    }

    /// Whether what is there is the blob. What is not goes, so that it is not taken up again.
    func finish() throws(ImageError) {
        let found = hash.finish()
        guard isComplete, found == descriptor.digest else {
            ftruncate(file, 0)
            count = 0
            throw ImageError.differs("a layer as it came", found, descriptor.digest)
        }
    }
}
