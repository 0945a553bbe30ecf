import Platform

/// What a manifest says of a piece of content: its kind, digest and size.
public struct ContentDescriptor: Sendable, Hashable {
    public let mediaType: MediaType
    public let digest: ContentDigest
    /// Bytes. A claim, until the content was read.
    public let size: UInt64
    /// In an index: what the build is for.
    public let platform: ImagePlatform?

    public init(
        mediaType: MediaType, digest: ContentDigest, size: UInt64, platform: ImagePlatform? = nil
    ) {
        self.mediaType = mediaType
        self.digest = digest
        self.size = size
        self.platform = platform
    }

    init(_ value: Value?, of what: String) throws(ImageError) {
        guard let value, value.mapValue != nil, let type = value["mediaType"]?.stringValue,
            let digest = value["digest"]?.stringValue, let size = value["size"]?.intValue, size >= 0
        else {
            throw ImageError.manifest("its \(what) lacks a mediaType, a digest or a size")
        }
        // A descriptor may say that the content is to be had elsewhere; what no registry of ours
        // holds cannot be mirrored, checked or fetched again.
        guard value["urls"]?.arrayValue?.isEmpty != false else {
            throw ImageError.manifest("its \(what) is to be fetched from another address")
        }
        self.init(
            mediaType: MediaType(type), digest: try ContentDigest(digest), size: UInt64(size),
            platform: value["platform"].flatMap { ImagePlatform($0) })
    }
}

/// The kinds of content that images are made of, OCI's names and Docker's for the same.
public enum MediaType: Sendable, Hashable {
    case index, manifest, configuration
    case layer(LayerCompression)
    case other(String)

    public init(_ text: String) {
        self =
            switch text {
            case "application/vnd.oci.image.index.v1+json",
                "application/vnd.docker.distribution.manifest.list.v2+json":
                .index
            case "application/vnd.oci.image.manifest.v1+json",
                "application/vnd.docker.distribution.manifest.v2+json":
                .manifest
            case "application/vnd.oci.image.config.v1+json",
                "application/vnd.docker.container.image.v1+json":
                .configuration
            case "application/vnd.oci.image.layer.v1.tar",
                "application/vnd.docker.image.rootfs.diff.tar":
                .layer(.none)
            case "application/vnd.oci.image.layer.v1.tar+gzip",
                "application/vnd.docker.image.rootfs.diff.tar.gzip":
                .layer(.gzip)
            case "application/vnd.oci.image.layer.v1.tar+zstd",
                "application/vnd.docker.image.rootfs.diff.tar.zstd":
                .layer(.zstd)
            default: .other(text)
            }
    }

    /// What a registry is asked for as a manifest, best first.
    public static let manifests = [
        "application/vnd.oci.image.index.v1+json", "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    ]
}

/// How a layer's tar is compressed.
public enum LayerCompression: String, Sendable, Hashable {
    case none, gzip, zstd

    /// By its first bytes (RFC 1952 §2.3.1, RFC 8878 §3.1.1): what archives hold has no media type.
    public init(beginning bytes: [UInt8]) {
        self =
            if bytes.starts(with: [0x1F, 0x8B]) {
                .gzip
            } else if bytes.starts(with: [0x28, 0xB5, 0x2F, 0xFD]) {
                .zstd
            } else {
                .none
            }
    }
}

extension ImageError {
    static func manifest(_ why: String) -> ImageError {
        ImageError(
            .manifest, "the image's description cannot be used: \(why)",
            advice: "build or push the image again with a current tool")
    }
}
