import Glibc
import Images

/// Where the members of a tar file lie. Its contents are not read for it, so an archive of gigabytes
/// takes as long as its headers.
struct ArchiveFile {
    private static let chunkBytes = 32 << 10

    let path: String
    private var members: [String: LayerSource] = [:]
    /// Old Docker archives name a layer twice, the second time by a link.
    private var links: [String: String] = [:]

    init(_ path: String) throws(ImageError) {
        self.path = path
        var status = stat()
        guard stat(path, &status) == 0 else { throw .system("open", path) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw ImageError(
                .usage, "\(Shown.text(path)) is no file", advice: "save it to a file first")
        }
        let size = UInt64(status.st_size)
        let file = try SourceFile(LayerSource(path: path, offset: 0, size: size))
        let compression = LayerCompression(beginning: try file.beginning())
        guard compression == .none else {
            throw ImageError(
                .usage, "\(Shown.text(path)) is compressed as a whole",
                advice: "decompress it first (\(compression == .gzip ? "gunzip" : "zstd -d")); its "
                    + "layers may be compressed")
        }
        try index(file, size: size)
    }

    private mutating func index(_ file: borrowing SourceFile, size: UInt64) throws(ImageError) {
        var reader = TarReader()
        var chunk = [UInt8](repeating: 0, count: Self.chunkBytes)
        var offset: UInt64 = 0
        while offset < size {
            let count = try file.read(&chunk, at: offset)
            let bytes = count == chunk.count ? chunk : Array(chunk[0..<count])
            var index = 0
            // A seek within the chunk needs no other.
            var next = offset + UInt64(count)
            while next == offset + UInt64(count), let event = try reader.next(in: bytes, at: &index)
            {
                guard case .entry(let entry) = event else { continue }
                try note(entry, at: offset + UInt64(index))
                guard entry.kind == .file else { continue }
                let end = UInt64(index) + reader.skipContent()
                if end <= UInt64(count) { index = Int(end) } else { next = offset + end }
            }
            offset = next
        }
        guard offset == size else { throw .cutOff(path) }
        try reader.finish()
    }

    private mutating func note(_ entry: TarEntry, at offset: UInt64) throws(ImageError) {
        guard members.count + links.count < ImageArchive.membersMax else {
            throw ImageError(
                .limit, "\(Shown.text(path)) has more than \(ImageArchive.membersMax) members",
                advice: "it is no archive of images, or put them into several")
        }
        let name = try LayerPath(entry.path)
        let text = String(decoding: name.bytes, as: UTF8.self)
        switch entry.kind {
        case .file where entry.size == entry.storedSize:
            members[text] = LayerSource(path: path, offset: offset, size: entry.storedSize)
        case .hardLink(let target):
            links[text] = String(decoding: try LayerPath(target).bytes, as: UTF8.self)
        case .symbolicLink(let target):
            // `../<id>/layer.tar` beside another image's folder; anything else leads nowhere.
            let parts = target.split(separator: UInt8(ascii: "/"))
            let up = parts.prefix { $0.elementsEqual("..".utf8) }.count
            let from = name.parent.names.dropLast(up).map { $0[...] } + parts.dropFirst(up)
            links[text] = String(
                decoding: Array(from.joined(separator: [UInt8(ascii: "/")])), as: UTF8.self)
        default: break
        }
    }

    func member(_ name: String) -> LayerSource? {
        members[name] ?? links[name].flatMap { members[$0] }
    }

    func source(_ name: String) throws(ImageError) -> LayerSource {
        guard let member = member(name) else {
            throw ImageError(
                .archive, "the archive lacks its member \(Shown.text(name))",
                advice: "it is unfinished; make it again")
        }
        return member
    }

    /// A member that is a document.
    func read(_ name: String) throws(ImageError) -> [UInt8] {
        let source = try source(name)
        guard source.size <= UInt64(ImageLimits.documentBytesMax) else {
            throw ImageError(
                .limit,
                "\(Shown.text(name)) of the archive has more than \(ImageLimits.documentBytesMax) "
                    + "bytes",
                advice: "remove annotations, labels or history from the image")
        }
        let file = try SourceFile(source)
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: Self.chunkBytes)
        while UInt64(bytes.count) < source.size {
            let count = try file.read(&chunk, at: UInt64(bytes.count))
            bytes += chunk[0..<count]
        }
        return bytes
    }
}

extension ImageError {
    static func cutOff(_ path: String) -> ImageError {
        ImageError(
            .archive, "\(Shown.text(path)) ends too early", advice: "copy or make it again")
    }
}
