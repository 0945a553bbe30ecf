import Glibc
public import Images
import Platform

/// What is not as it should be of one image.
public struct ImageDamage: Sendable, Hashable {
    public let image: StoredImage
    /// In words.
    public let reason: String
}

extension ImageStore {
    /// Compares all that images consist of with what belongs there. What is damaged is taken away,
    /// so that nothing starts from it, and fetching the image again brings just that.
    public func verify() throws(ImageError) -> [ImageDamage] {
        var verdicts: [String: String?] = [:]
        var damage: [ImageDamage] = []
        for image in images() {
            var reason: String?
            for digest in [image.manifest, image.configuration] {
                let bytes = readBlob(digest)
                guard let bytes, try ContentHash.digest(bytes) == digest else {
                    reason = "\(digest) is \(bytes == nil ? "missing" : "damaged")"
                    try take("blobs/\(digest.hex)")
                    continue
                }
            }
            for layer in image.layers {
                let name = Self.name(of: layer, image.privileges)
                let verdict: String?
                if let known = verdicts[name] {
                    verdict = known
                } else {
                    verdict = try verifyLayer(name, layer)
                    verdicts.updateValue(verdict, forKey: name)
                }
                reason = verdict ?? reason
            }
            if let reason { damage.append(ImageDamage(image: image, reason: reason)) }
        }
        return damage
    }

    private func verifyLayer(_ name: String, _ digest: ContentDigest) throws(ImageError) -> String?
    {
        guard let record = record(of: name), record.digest == digest else {
            return "the layer \(digest) is missing"
        }
        // What cannot be read is as good as gone.
        if let seal = try? TreeSeal.text(of: "\(path)/layers/\(name)"), seal == record.seal {
            return nil
        }
        try take("records/\(name)")
        try take("layers/\(name)")
        return "the layer \(digest) is damaged"
    }

    /// Whether nothing of an image is missing, without reading all of it.
    public static func isComplete(_ image: StoredImage, in path: String) -> Bool {
        readBlob(image.manifest, in: path) != nil
            && readBlob(image.configuration, in: path) != nil
            && image.layers.allSatisfy { layer in
                record(of: name(of: layer, image.privileges), in: path)?.digest == layer
            }
    }

    public func isComplete(_ image: StoredImage) -> Bool { Self.isComplete(image, in: path) }

    /// Bytes of files in an image's layers. Layers that it shares count in each image.
    public static func bytes(of image: StoredImage, in path: String) -> UInt64 {
        image.layers.reduce(0) { sum, layer in
            sum + (record(of: name(of: layer, image.privileges), in: path)?.bytes ?? 0)
        }
    }

    /// Bytes of files in all layers.
    public func bytes() -> UInt64 {
        list("records").reduce(0) { $0 + (record(of: $1)?.bytes ?? 0) }
    }

    /// Removes an image, and what no other has.
    /// - Returns: Whether it was there.
    /// - Throws: where a container runs from it.
    public func remove(_ reference: String) throws(ImageError) -> Bool {
        guard let image = image(reference) else { return false }
        let lock = try ImageUses(path).lock(waits: true)
        defer { close(lock) }
        if let (use, _) = ImageUses(path).all().first(where: { $0.image.reference == reference }) {
            let workload = use.split(separator: "-", maxSplits: 1).last.map(String.init) ?? use
            throw ImageError(
                .refused, "the image \(reference) is used by the workload \(workload)",
                advice: "remove the workload first, or update it to another image")
        }
        try forget(image)
        try sweep()
        return true
    }

    private func forget(_ image: StoredImage) throws(ImageError) {
        let name = try imagePath(image.reference).split(separator: "/").last ?? ""
        try take("images/\(name)")
    }

    /// Removes what no image has, then images that nobody uses, longest unused first, until the
    /// layers have at most `quota` bytes.
    /// - Parameter inUse: References of images that stay whatever the quota.
    /// - Returns: The references that went.
    public func collect(
        quota: UInt64 = .max, inUse: Set<String> = []
    ) throws(ImageError) -> [String] {
        let lock = try ImageUses(path).lock(waits: true)
        defer { close(lock) }
        let inUse = inUse.union(ImageUses(path).all().map(\.image.reference))
        try sweep()
        var gone: [String] = []
        var candidates = images().filter { !inUse.contains($0.reference) }
            .sorted { ($0.usedAt, $0.reference) < ($1.usedAt, $1.reference) }[...]
        while bytes() > quota, let oldest = candidates.popFirst() {
            try forget(oldest)
            try sweep()
            gone.append(oldest.reference)
        }
        return gone
    }

    private func sweep() throws(ImageError) {
        // A container may run from an image whose name has moved on to another.
        let images = images() + ImageUses(path).all().map(\.image)
        let layers = Set(
            images.flatMap { image in image.layers.map { Self.name(of: $0, image.privileges) } })
        let blobs = Set(images.flatMap { [$0.manifest.hex, $0.configuration.hex] })
        // Records first: without its record a layer is not there.
        for folder in ["records", "layers"] {
            for name in list(folder) where !layers.contains(name) { try take("\(folder)/\(name)") }
        }
        for name in list("blobs") where !blobs.contains(name) { try take("blobs/\(name)") }
        for name in list("partial") { try take("partial/\(name)") }
    }
}
