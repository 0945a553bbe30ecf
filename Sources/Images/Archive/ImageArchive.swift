import Platform

/// One image of an archive file.
public struct ArchivedImage: Sendable, Hashable {
    /// As the archive names it: a whole reference, a tag alone, or nothing.
    public let name: String?
    public let manifest: [UInt8]
    public let configuration: [UInt8]
    /// The members that hold its layers, and what they are once they are uncompressed.
    public let layers: [Layer]

    public struct Layer: Sendable, Hashable {
        public let member: String
        public let digest: ContentDigest
    }

    /// The name as a reference; nil where it says no repository.
    public var reference: ImageReference? {
        // A tag alone, as `skopeo copy … oci-archive:file:1.2` writes it.
        guard let name, name.contains("/") || name.contains(":") else { return nil }
        return try? ImageReference(name)
    }
}

/// Reads what an archive file says of its images: an OCI image layout (image-layout.md, as skopeo's
/// oci-archive and docker save write it) or Docker's own form (docker save before version 25).
public struct ImageArchive {
    /// Members that are remembered. A thousand layers have two each.
    public static let membersMax = 10_000
    static let imagesMax = 100

    private let has: (String) -> Bool
    private let read: (String) throws(ImageError) -> [UInt8]
    private let digest: ([UInt8]) throws(ImageError) -> ContentDigest

    /// - Parameters:
    ///   - has: Whether there is a member of that name.
    ///   - read: The content of a member, which has at most `ImageLimits.documentBytesMax` bytes.
    ///   - digest: The SHA-256 of bytes.
    public init(
        has: @escaping (String) -> Bool,
        read: @escaping (String) throws(ImageError) -> [UInt8],
        digest: @escaping ([UInt8]) throws(ImageError) -> ContentDigest
    ) {
        self.has = has
        self.read = read
        self.digest = digest
    }

    /// The images for `platform`.
    public func images(for platform: ImagePlatform) throws(ImageError) -> [ArchivedImage] {
        if has("index.json") { return try layoutImages(platform) }
        if has("manifest.json") { return try dockerImages(platform) }
        throw ImageError(
            .archive,
            "the file is no archive of images: it has neither index.json nor manifest.json",
            advice: "make it by docker save, or by skopeo copy … oci-archive:FILE")
    }

    // MARK: OCI

    private func layoutImages(_ platform: ImagePlatform) throws(ImageError) -> [ArchivedImage] {
        guard case .index(let index) = try ImageDocument(try read("index.json")) else {
            throw ImageError.manifest("index.json is no index")
        }
        let groups = index.byName
        guard groups.count <= Self.imagesMax else { throw Self.tooMany(groups.count) }
        var images: [ArchivedImage] = []
        for group in groups {
            images.append(try layoutImage(group, platform, name: group.names.first ?? nil))
        }
        return images
    }

    private func layoutImage(
        _ index: ImageIndex, _ platform: ImagePlatform, name: String?
    ) throws(ImageError) -> ArchivedImage {
        var index = index
        for _ in 0..<ImageLimits.indexDepthMax {
            let bytes = try blob(try index.build(for: platform))
            switch try ImageDocument(bytes) {
            case .index(let inner): index = inner
            case .manifest(let manifest):
                let configuration = try blob(manifest.configuration)
                let read = try ImageConfiguration(configuration)
                try read.check(against: manifest, on: platform)
                return ArchivedImage(
                    name: name, manifest: bytes, configuration: configuration,
                    layers: zip(manifest.layers, read.layers).map {
                        ArchivedImage.Layer(member: Self.member($0.digest), digest: $1)
                    })
            }
        }
        throw ImageError.manifest("its index holds indexes more than three deep")
    }

    private static func member(_ digest: ContentDigest) -> String { "blobs/sha256/" + digest.hex }

    private func blob(_ descriptor: ContentDescriptor) throws(ImageError) -> [UInt8] {
        let bytes = try read(Self.member(descriptor.digest))
        let found = try digest(bytes)
        guard found == descriptor.digest else {
            throw ImageError.differs(Self.member(descriptor.digest), found, descriptor.digest)
        }
        return bytes
    }

    // MARK: Docker

    private func dockerImages(_ platform: ImagePlatform) throws(ImageError) -> [ArchivedImage] {
        let list = try ImageDocument.value(try read("manifest.json"), "manifest")
        guard let items = list.arrayValue, !items.isEmpty else {
            throw ImageError.manifest("manifest.json is no list of images")
        }
        guard items.count <= Self.imagesMax else { throw Self.tooMany(items.count) }
        var images: [ArchivedImage] = []
        for item in items {
            guard let config = item["Config"]?.stringValue,
                let layers = item["Layers"]?.arrayValue?.compactMap(\.stringValue),
                layers.count == item["Layers"]?.arrayValue?.count
            else { throw ImageError.manifest("an image of manifest.json lacks Config or Layers") }
            let configuration = try read(config)
            let read = try ImageConfiguration(configuration)
            let manifest = try manifest(configuration, read)
            guard case .manifest(let parsed) = try ImageDocument(manifest) else {
                throw ImageError.manifest("an image of manifest.json is none")
            }
            guard layers.count == read.layers.count else {
                throw ImageError.manifest(
                    "manifest.json has \(layers.count) layers, the configuration "
                        + "\(read.layers.count)")
            }
            try read.check(against: parsed, on: platform)
            let members = zip(layers, read.layers).map {
                ArchivedImage.Layer(member: $0, digest: $1)
            }
            let names = item["RepoTags"]?.arrayValue?.compactMap(\.stringValue) ?? []
            for name in names.isEmpty ? [nil] : names.prefix(Self.imagesMax).map(Optional.init) {
                images.append(
                    ArchivedImage(
                        name: name, manifest: manifest, configuration: configuration,
                        layers: members))
            }
        }
        return images
    }

    /// Docker's form has no manifest; one that says the same, always in the same bytes.
    private func manifest(
        _ configuration: [UInt8], _ read: ImageConfiguration
    ) throws(ImageError) -> [UInt8] {
        func descriptor(_ type: String, _ digest: ContentDigest, _ size: Int) -> Value {
            .object([
                ("mediaType", .string(type)), ("digest", .string(digest.description)),
                ("size", .int(Int64(size))),
            ])
        }
        let digest = try digest(configuration)
        let value = Value.object([
            ("schemaVersion", .int(2)),
            ("mediaType", .string("application/vnd.oci.image.manifest.v1+json")),
            (
                "config",
                descriptor(
                    "application/vnd.oci.image.config.v1+json", digest, configuration.count)
            ),
            (
                "layers",
                .array(
                    read.layers.map { layer in
                        // The size is not known before the layer was read; nobody fetches by it.
                        descriptor("application/vnd.oci.image.layer.v1.tar", layer, 0)
                    })
            ),
        ])
        return Array(value.json.utf8)
    }

    private static func tooMany(_ count: Int) -> ImageError {
        ImageError(
            .limit, "the archive has \(count) images, more than \(imagesMax)",
            advice: "put them into several archives")
    }
}

extension ImageError {
    /// Content whose bytes are not those of its name.
    public static func differs(
        _ what: String, _ found: ContentDigest, _ wanted: ContentDigest
    ) -> ImageError {
        ImageError(
            .digest, "\(Shown.text(what)) has the digest \(found), not \(wanted)",
            advice: "it is damaged or not what was asked for; make or push it again")
    }
}
