import Platform

/// What of an image's configuration decides whether it can be unpacked here (OCI image
/// specification, config.md).
public struct ImageConfiguration: Sendable, Hashable {
    public let platform: ImagePlatform
    /// The digests of the layers' tars, uncompressed, lowest first. They name unpacked layers: two
    /// images that were compressed differently share them.
    public let layers: [ContentDigest]

    /// Reads one. Total, as `ImageDocument` is.
    public init(_ bytes: [UInt8]) throws(ImageError) {
        let value = try ImageDocument.value(bytes, "configuration")
        guard let platform = ImagePlatform(value) else {
            throw ImageError.manifest("its configuration lacks os or architecture")
        }
        guard value["rootfs"]?["type"]?.stringValue == "layers",
            let layers = value["rootfs"]?["diff_ids"]?.arrayValue
        else { throw ImageError.manifest("its configuration lacks rootfs.diff_ids") }
        try ImageManifest.check(layers: layers.count)
        var digests: [ContentDigest] = []
        for layer in layers {
            guard let text = layer.stringValue else {
                throw ImageError.manifest("its rootfs.diff_ids has something else than text")
            }
            digests.append(try ContentDigest(text))
        }
        self.platform = platform
        self.layers = digests
    }

    /// - Throws: where the image is for another kind of board, or has other layers than its
    ///   manifest.
    public func check(
        against manifest: ImageManifest, on platform: ImagePlatform
    ) throws(ImageError) {
        guard platform.fitness(of: self.platform) != nil else {
            throw ImageError(
                .platform, "the image is for \(self.platform), and this board is \(platform)",
                advice: "build it for \(platform)")
        }
        guard layers.count == manifest.layers.count else {
            throw ImageError.manifest(
                "its manifest has \(manifest.layers.count) layers, its configuration "
                    + "\(layers.count)")
        }
    }
}
