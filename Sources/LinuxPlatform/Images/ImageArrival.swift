public import Images

/// What came of putting an image into a store.
public struct ImageArrival: Sendable, Hashable {
    public let image: StoredImage
    /// Layers that were unpacked; the others were there.
    public internal(set) var newLayers = 0
    /// Files that lost set-user-ID, set-group-ID or capabilities.
    public internal(set) var strippedFiles = 0
    /// Attributes that were left out.
    public internal(set) var droppedAttributes = 0
    /// Bytes that came over the network.
    public internal(set) var fetchedBytes: UInt64 = 0
    /// Images that went, so that the quota holds.
    public internal(set) var evicted: [String] = []

    init(image: StoredImage) { self.image = image }

    mutating func count(_ layer: UnpackedLayer) {
        newLayers += 1
        strippedFiles += layer.strippedFiles
        droppedAttributes += layer.droppedAttributes
    }
}

extension ImageStore {
    /// Puts the images of an archive file into the store.
    /// - Parameters:
    ///   - name: What to call it, where the archive has one image; else which of several.
    ///   - now: Seconds since 1970.
    public func load(
        _ path: String, name: ImageReference?, platform: ImagePlatform, now: Int64
    ) throws(ImageError) -> [ImageArrival] {
        let file = try ArchiveFile(path)
        let archive = ImageArchive(
            has: { file.member($0) != nil },
            read: { name throws(ImageError) in try file.read(name) },
            digest: { bytes throws(ImageError) in try ContentHash.digest(bytes) })
        let images = try archive.images(for: platform)
        let chosen =
            name == nil || images.count == 1
            ? images : images.filter { $0.reference == name }
        guard !chosen.isEmpty else {
            let names = images.compactMap(\.name).map { Shown.text($0) }
            throw ImageError(
                .notFound,
                "the archive has no \(name?.description ?? "image") among its \(images.count): "
                    + names.prefix(8).joined(separator: ", "),
                advice: "give one of these as --name")
        }
        var arrivals: [ImageArrival] = []
        for image in chosen {
            guard let reference = name ?? image.reference else {
                throw ImageError(
                    .usage,
                    "the archive does not say what its image is called"
                        + (image.name.map { ", only \(Shown.text($0))" } ?? ""),
                    advice: "give --name registry.example/team/app:1.2")
            }
            var layers: [UnpackedLayer] = []
            for layer in image.layers where !hasLayer(layer.digest) {
                layers.append(try addLayer(try file.source(layer.member), digest: layer.digest))
            }
            var arrival = ImageArrival(
                image: try commit(
                    reference.description, manifest: image.manifest,
                    configuration: image.configuration, layers: image.layers.map(\.digest),
                    now: now))
            for layer in layers { arrival.count(layer) }
            arrivals.append(arrival)
        }
        return arrivals
    }
}
