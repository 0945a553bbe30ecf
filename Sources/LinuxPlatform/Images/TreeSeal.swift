import CEdgeShims
import Glibc
import Images

/// One digest for a tree of files as it lies on the disk, by which a layer that a power cut or a
/// failing disk has changed is known again.
///
/// The sum, modulo 2^256, of the digests of a record for each file, so that neither the order in
/// which a directory lists them nor their number costs memory. It tells damage, not an attacker who
/// may write here: who may can write a seal as well.
struct TreeSeal: ~Copyable {
    private let content: ContentHash
    private let record: ContentHash
    private var sum: [UInt64] = [0, 0, 0, 0]
    private var chunk = [UInt8](repeating: 0, count: 128 << 10)

    private init() throws(ImageError) {
        self.init(content: try ContentHash(), record: try ContentHash())
    }

    // On its own for Swift 6.2, as LayerTree's.
    private init(content: consuming ContentHash, record: consuming ContentHash) {
        self.content = content
        self.record = record
    }

    /// 64 hex digits for the tree at `path`.
    static func text(of path: String) throws(ImageError) -> String {
        var seal = try TreeSeal()
        let root = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard root >= 0 else { throw .system("open", path) }
        defer { close(root) }
        var status = stat()
        guard fstat(root, &status) == 0 else { throw .system("look at", path) }
        try seal.add([], status, content: [], attributesOf: root)
        try seal.walk(root, [], depth: 0)
        return seal.sum.map { word in
            let digits = String(word, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }

    private mutating func walk(
        _ folder: Int32, _ path: [UInt8], depth: Int
    ) throws(ImageError) {
        let shown = Shown.path(path)
        // No layer has directories so deep; a disk that claims it must not end the process.
        guard depth <= LayerPath.depthMax + 1 else { throw .system("walk through", shown) }
        let list = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard list >= 0, let stream = fdopendir(list) else { throw .system("list", shown) }
        defer { closedir(stream) }
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                if errno != 0 { throw .system("list", shown) }
                return
            }
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: UInt8.self, capacity: 256) { start in
                    Array(UnsafeBufferPointer(start: start, count: strnlen(start, 255)))
                }
            }
            if name == [0x2E] || name == [0x2E, 0x2E] { continue }
            try visit(name, in: folder, path, depth: depth)
        }
    }

    private mutating func visit(
        _ name: [UInt8], in folder: Int32, _ path: [UInt8], depth: Int
    ) throws(ImageError) {
        let path = path + [UInt8(ascii: "/")] + name
        let name = name.map { CChar(bitPattern: $0) } + [0]
        var status = stat()
        guard fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
            throw .system("look at", Shown.path(path))
        }
        switch status.st_mode & S_IFMT {
        case S_IFREG, S_IFDIR:
            let file = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY)
            guard file >= 0 else { throw .system("open", Shown.path(path)) }
            defer { close(file) }
            let isFolder = status.st_mode & S_IFMT == S_IFDIR
            try add(
                path, status,
                content: isFolder
                    ? [] : try digest(of: file, size: UInt64(status.st_size), path),
                attributesOf: file)
            if isFolder { try walk(file, path, depth: depth + 1) }
        case S_IFLNK:
            let count = chunk.withUnsafeMutableBytes { bytes in
                bytes.withMemoryRebound(to: CChar.self) {
                    readlinkat(folder, name, $0.baseAddress.unsafelyUnwrapped, $0.count)
                }
            }
            guard count >= 0 else { throw .system("read", Shown.path(path)) }
            try add(path, status, content: Array(chunk[0..<count]), attributesOf: nil)
        default: try add(path, status, content: [], attributesOf: nil)
        }
    }

    /// The digest of a file's blocks that are not all zeros, each run after its offset: what a hole
    /// is, is the file system's affair, and ten gibibytes of one are not read.
    private mutating func digest(
        of file: Int32, size: UInt64, _ path: [UInt8]
    ) throws(ImageError) -> [UInt8] {
        var offset: UInt64 = 0
        var expected = UInt64.max
        while offset < size {
            if size > UInt64(chunk.count) {
                let data = lseek(file, off_t(offset), Self.seekData)
                if data < 0, errno == ENXIO { break }
                // Where holes are not known all is data.
                if data >= 0 { offset = UInt64(data) / Self.blockBytes * Self.blockBytes }
            }
            let count = pread(file, &chunk, chunk.count, off_t(offset))
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .system("read", Shown.path(path)) }
            if count == 0 { break }
            chunk.withUnsafeBytes { chunk in
                for start in stride(from: 0, to: count, by: Int(Self.blockBytes)) {
                    let end = min(start + Int(Self.blockBytes), count)
                    let block = UnsafeRawBufferPointer(rebasing: chunk[start..<end])
                    if Self.isZero(block) { continue }
                    let place = offset + UInt64(start)
                    if place != expected {
                        withUnsafeBytes(of: place.littleEndian) { content.update($0) }
                    }
                    content.update(block)
                    expected = offset + UInt64(end)
                }
            }
            offset += UInt64(count)
        }
        return content.finish().bytes
    }

    private static let blockBytes: UInt64 = 4096
    /// SEEK_DATA of lseek(2), which glibc's module leaves out.
    private static let seekData: Int32 = 3

    private static func isZero(_ block: UnsafeRawBufferPointer) -> Bool {
        guard let start = block.baseAddress, block[0] == 0 else { return false }
        return memcmp(start, start + 1, block.count - 1) == 0
    }

    private mutating func add(
        _ path: [UInt8], _ status: stat, content: [UInt8], attributesOf file: Int32?
    ) throws(ImageError) {
        let isFolder = status.st_mode & S_IFMT == S_IFDIR
        // Of a directory neither size nor time: both are the file system's own.
        let numbers: [UInt64] = [
            UInt64(status.st_mode), UInt64(status.st_uid), UInt64(status.st_gid),
            UInt64(status.st_rdev), isFolder ? 0 : UInt64(bitPattern: Int64(status.st_size)),
            isFolder ? 0 : UInt64(bitPattern: Int64(status.st_mtim.tv_sec)),
            UInt64(path.count), UInt64(content.count),
        ]
        var bytes: [UInt8] = []
        for number in numbers { withUnsafeBytes(of: number.littleEndian) { bytes += $0 } }
        record.update(bytes + path + content)
        if let file {
            for (name, value) in try attributes(of: file, path) {
                record.update(Array("\(name.utf8.count) \(value.count) \(name)".utf8) + value)
            }
        }
        add(record.finish().bytes)
    }

    private mutating func add(_ digest: [UInt8]) {
        var carry: UInt64 = 0
        for index in (0..<4).reversed() {
            let word = digest[index * 8..<index * 8 + 8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            let (first, isOver) = sum[index].addingReportingOverflow(word)
            let (second, isOverAgain) = first.addingReportingOverflow(carry)
            sum[index] = second
            carry = isOver || isOverAgain ? 1 : 0
        }
    }

    /// Those that a layer has given, by name; a security module of the board gives others.
    private mutating func attributes(
        of file: Int32, _ path: [UInt8]
    ) throws(ImageError) -> [(String, [UInt8])] {
        let size = chunk.withUnsafeMutableBytes {
            edge_list_attributes(
                file, $0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count)
        }
        if size < 0, errno == EOPNOTSUPP { return [] }
        guard size >= 0 else { throw .system("list the attributes of", Shown.path(path)) }
        guard size > 0 else { return [] }
        let names = chunk[0..<size].split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
            .filter {
                $0.hasPrefix("user.") || $0 == "security.capability"
                    || $0 == "trusted.overlay.opaque"
            }
        var found: [(String, [UInt8])] = []
        for name in names.sorted() {
            let count = chunk.withUnsafeMutableBytes {
                edge_get_attribute(
                    file, name, $0.baseAddress?.assumingMemoryBound(to: UInt8.self), $0.count)
            }
            guard count >= 0 else { throw .system("read an attribute of", Shown.path(path)) }
            found.append((name, Array(chunk[0..<count])))
        }
        return found
    }
}
