/// Which image, and where: `host[:port]/repository[:tag][@digest]`.
///
/// Short names are those of Docker Hub, as everywhere: `alpine` is `docker.io/library/alpine:latest`
/// (distribution/reference, normalize.go).
public struct ImageReference: Sendable, Hashable, CustomStringConvertible {
    /// With its port, if any.
    public let registry: String
    public let repository: String
    /// Nil where a digest alone says which.
    public let tag: String?
    public let digest: ContentDigest?

    /// Bytes of the whole text: 255 of repository, 128 of tag, a host and a digest.
    public static let bytesMax = 800
    private static let repositoryBytesMax = 255
    private static let tagBytesMax = 128
    private static let dockerHub = "docker.io"

    public init(_ text: String) throws(ImageError) {
        guard text.utf8.count <= Self.bytesMax else {
            throw Self.error(text, "it is longer than \(Self.bytesMax) bytes")
        }
        var rest = text[...]
        if let at = rest.firstIndex(of: "@") {
            digest = try ContentDigest(String(rest[rest.index(after: at)...]))
            rest = rest[..<at]
        } else {
            digest = nil
        }
        let slash = rest.lastIndex(of: "/") ?? rest.startIndex
        var tag: String?
        if let colon = rest[slash...].firstIndex(of: ":") {
            let written = String(rest[rest.index(after: colon)...])
            guard Self.isTag(written) else {
                throw Self.error(
                    text, "a tag is up to 128 of a-z A-Z 0-9 _ . - and begins with none of . and -")
            }
            tag = written
            rest = rest[..<colon]
        }
        var parts = rest.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        if parts.count > 1, Self.isRegistry(parts[0]) {
            registry = parts.removeFirst()
        } else {
            registry = Self.dockerHub
            if parts.count == 1 { parts.insert("library", at: 0) }
        }
        guard Self.isHost(registry) else {
            throw Self.error(text, "\(Shown.text(registry)) is no host with perhaps a port")
        }
        repository = parts.joined(separator: "/")
        guard repository.utf8.count <= Self.repositoryBytesMax, parts.allSatisfy(Self.isComponent)
        else {
            throw Self.error(
                text,
                "a repository is up to 255 of a-z 0-9 and single . _ - within words, parted by /")
        }
        self.tag = tag ?? (digest == nil ? "latest" : nil)
    }

    public var description: String {
        registry + "/" + repository + (tag.map { ":" + $0 } ?? "")
            + (digest.map { "@" + $0.description } ?? "")
    }

    /// The same image, whatever its tag names by now.
    public func pinned(to digest: ContentDigest) -> ImageReference {
        ImageReference(registry: registry, repository: repository, tag: tag, digest: digest)
    }

    private init(registry: String, repository: String, tag: String?, digest: ContentDigest?) {
        self.registry = registry
        self.repository = repository
        self.tag = tag
        self.digest = digest
    }

    /// What a registry is asked for: the digest where there is one.
    public var selector: String { digest?.description ?? tag ?? "latest" }

    /// The host that is spoken to: Docker Hub's registry has another name than its images.
    public var endpoint: String {
        registry == Self.dockerHub ? "registry-1.docker.io" : registry
    }

    /// What comes before a slash is a host where it could be no part of a Docker Hub name.
    private static func isRegistry(_ text: String) -> Bool {
        text == "localhost" || text.contains(".") || text.contains(":") || text.hasPrefix("[")
    }

    /// Names, IPv4, and IPv6 in brackets. Total, and stricter than a resolver: what is written into
    /// a URL must not change its meaning there.
    public static func isHost(_ text: String) -> Bool {
        var rest = text.utf8[...]
        guard rest.count <= 300 else { return false }
        if rest.first == UInt8(ascii: "[") {
            guard let end = rest.firstIndex(of: UInt8(ascii: "]")) else { return false }
            let address = rest[..<end].dropFirst()
            guard !address.isEmpty, address.allSatisfy({ isHex($0) || ":.".utf8.contains($0) })
            else { return false }
            rest = rest[end...].dropFirst()
        } else {
            let name = rest.prefix { $0 != UInt8(ascii: ":") }
            guard let first = name.first, isAlphanumeric(first),
                name.allSatisfy({ isAlphanumeric($0) || ".-_".utf8.contains($0) })
            else { return false }
            rest = rest.dropFirst(name.count)
        }
        guard let colon = rest.popFirst() else { return true }
        guard colon == UInt8(ascii: ":"), 1...5 ~= rest.count, let text = String(rest),
            let port = Int(text)
        else { return false }
        return 1...65535 ~= port && rest.allSatisfy { isDigit($0) }
    }

    /// Lowercase words parted by one of `.`, one or two `_`, or any number of `-`.
    private static func isComponent(_ text: String) -> Bool {
        var separator: [UInt8] = []
        guard let first = text.utf8.first, isLower(first) else { return false }
        for byte in text.utf8 {
            if isLower(byte) {
                let isOne =
                    separator.isEmpty || [[0x2E], [0x5F], [0x5F, 0x5F]].contains(separator)
                guard isOne || separator.allSatisfy({ $0 == UInt8(ascii: "-") }) else {
                    return false
                }
                separator = []
            } else if ".-_".utf8.contains(byte) {
                separator.append(byte)
            } else {
                return false
            }
        }
        return separator.isEmpty
    }

    private static func isTag(_ text: String) -> Bool {
        guard let first = text.utf8.first, isAlphanumeric(first) || first == UInt8(ascii: "_")
        else { return false }
        return text.utf8.count <= tagBytesMax
            && text.utf8.allSatisfy { isAlphanumeric($0) || "_.-".utf8.contains($0) }
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
    }

    private static func isLower(_ byte: UInt8) -> Bool {
        isDigit(byte) || UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        isLower(byte) || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte
    }

    private static func isHex(_ byte: UInt8) -> Bool {
        isDigit(byte) || UInt8(ascii: "a")...UInt8(ascii: "f") ~= byte | 0x20
    }

    private static func error(_ text: String, _ why: String) -> ImageError {
        ImageError(
            .usage, "\(Shown.text(text)) names no image: \(why)",
            advice: "write it as registry.example/team/app:1.2")
    }
}
