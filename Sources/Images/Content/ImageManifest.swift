import Platform

/// One image: its configuration and its layers, lowest first (OCI image specification, manifest.md;
/// Docker image manifest version 2, schema 2).
public struct ImageManifest: Sendable, Hashable {
    public let configuration: ContentDescriptor
    public let layers: [ContentDescriptor]

    init(_ value: Value) throws(ImageError) {
        configuration = try ContentDescriptor(value["config"], of: "config")
        guard configuration.mediaType == .configuration else {
            throw ImageError.manifest(
                "it is no container image but another artifact: its config is of another type")
        }
        guard let layers = value["layers"]?.arrayValue else {
            throw ImageError.manifest("it has no list of layers")
        }
        try Self.check(layers: layers.count)
        var read: [ContentDescriptor] = []
        for layer in layers {
            let descriptor = try ContentDescriptor(layer, of: "layer \(read.count + 1)")
            guard case .layer = descriptor.mediaType else {
                throw ImageError.manifest(
                    "its layer \(read.count + 1) is no tar, plain or by gzip or zstd")
            }
            read.append(descriptor)
        }
        self.layers = read
    }

    /// - Throws: where the kernel could not put so many layers on each other.
    static func check(layers: Int) throws(ImageError) {
        guard layers <= ImageLimits.layersMax else {
            throw ImageError(
                .limit,
                "the image has \(layers) layers, and an overlay takes \(ImageLimits.layersMax)",
                advice: "build it with fewer steps, or squash them into one layer")
        }
    }
}

/// What a registry or an archive answers for a name: an image, or several to choose from.
public enum ImageDocument: Sendable, Hashable {
    case manifest(ImageManifest)
    case index(ImageIndex)

    /// Reads one. Total: any bytes give a document or an error, within a bound on memory.
    public init(_ bytes: [UInt8]) throws(ImageError) {
        let value = try Self.value(bytes, "manifest")
        if value["manifests"] != nil {
            guard value["layers"] == nil, value["config"] == nil else {
                // The same bytes must not be one thing to us and another to who signed them
                // (CVE-2021-41190).
                throw ImageError.manifest("it is an index and a manifest at once")
            }
            self = .index(try ImageIndex(value))
        } else if value["layers"] != nil || value["config"] != nil {
            self = .manifest(try ImageManifest(value))
        } else if value["fsLayers"] != nil || value["schemaVersion"]?.intValue == 1 {
            throw ImageError.manifest("it is of Docker's schema 1, which was withdrawn in 2019")
        } else {
            throw ImageError.manifest("it has neither manifests nor layers")
        }
    }

    static func value(_ bytes: [UInt8], _ what: String) throws(ImageError) -> Value {
        guard bytes.count <= ImageLimits.documentBytesMax else {
            throw ImageError(
                .limit,
                "the image's \(what) has more than \(ImageLimits.documentBytesMax) bytes",
                advice: "remove annotations, labels or history from the image")
        }
        do throws(JSONError) {
            return try JSONReader.read(bytes)
        } catch {
            throw ImageError.manifest("its \(what) is \(error)")
        }
    }
}

/// Several builds of one image (OCI image specification, image-index.md; Docker's manifest list).
public struct ImageIndex: Sendable, Hashable {
    public let manifests: [ContentDescriptor]
    /// The names that builds have in an archive, beside `manifests`: containerd's annotation, which is
    /// a whole reference, or OCI's, which may be a tag alone.
    public let names: [String?]

    static let manifestsMax = 1000

    private init(manifests: [ContentDescriptor], names: [String?]) {
        self.manifests = manifests
        self.names = names
    }

    /// The builds that have the same name, for each name in order.
    var byName: [ImageIndex] {
        var seen: [String?] = []
        for name in names where !seen.contains(name) { seen.append(name) }
        return seen.map { name in
            let mine = names.indices.filter { names[$0] == name }
            return ImageIndex(
                manifests: mine.map { manifests[$0] }, names: mine.map { names[$0] })
        }
    }

    init(_ value: Value) throws(ImageError) {
        guard let items = value["manifests"]?.arrayValue else {
            throw ImageError.manifest("its manifests are no list")
        }
        guard items.count <= Self.manifestsMax else {
            throw ImageError.manifest(
                "its index has \(items.count) builds, more than \(Self.manifestsMax)")
        }
        var manifests: [ContentDescriptor] = []
        var names: [String?] = []
        for item in items {
            manifests.append(
                try ContentDescriptor(item, of: "build \(manifests.count + 1)"))
            let notes = item["annotations"]
            names.append(
                (notes?["io.containerd.image.name"] ?? notes?["org.opencontainers.image.ref.name"])?
                    .stringValue)
        }
        self.manifests = manifests
        self.names = names
    }

    /// The build that runs best on `platform`; of equals the first. A build that does not say what
    /// it is for is taken where it is the only one: its configuration says it later.
    public func build(for platform: ImagePlatform) throws(ImageError) -> ContentDescriptor {
        let images = manifests.filter { $0.mediaType == .manifest || $0.mediaType == .index }
        if images.count == 1, images[0].platform == nil { return images[0] }
        var best: (fitness: Int, build: ContentDescriptor)?
        for build in images {
            guard let other = build.platform, let fitness = platform.fitness(of: other) else {
                continue
            }
            if fitness > (best?.fitness ?? 0) { best = (fitness, build) }
        }
        if let best { return best.build }
        let there = Set(images.compactMap { $0.platform?.description })
            .subtracting(["unknown/unknown"]).sorted()
        throw ImageError(
            .platform,
            "the image has no build for \(platform)"
                + (there.isEmpty ? "" : ", only for \(there.prefix(12).joined(separator: ", "))"),
            advice: "build it for \(platform) as well")
    }
}
