import Glibc
import Images
import Platform

extension ImageStore {
    /// Whether a layer is there and whole, as far as its record says.
    func hasLayer(_ digest: ContentDigest) -> Bool {
        record(of: name(of: digest))?.digest == digest
    }

    /// Unpacks a layer, checks that it is the one of `digest`, and keeps it.
    func addLayer(_ source: LayerSource, digest: ContentDigest) throws(ImageError) -> UnpackedLayer
    {
        let name = name(of: digest)
        let tree = "staging/\(name)"
        try TreeRemoval.remove("\(path)/\(tree)")
        // Where a layer has no root of its own; chmod(2) as mkdir(2) obeys the process's mask.
        guard mkdir("\(path)/\(tree)", 0o755) == 0, chmod("\(path)/\(tree)", 0o755) == 0 else {
            throw .system("make", tree)
        }
        do throws(ImageError) {
            let layer = try LayerUnpacker.unpack(
                source, into: "\(path)/\(tree)", limits: limits, privileges: privileges)
            guard layer.digest == digest else {
                throw ImageError(
                    .digest,
                    "a layer is not what the image says: its tar has the digest "
                        + "\(layer.digest), not \(digest)",
                    advice: "build or push the image again")
            }
            let seal = try TreeSeal.text(of: "\(path)/\(tree)")
            // A tree whose record is gone, or of another digest with the same beginning.
            try take("records/\(name)")
            try take("layers/\(name)")
            guard rename("\(path)/\(tree)", "\(path)/layers/\(name)") == 0 else {
                throw .system("rename", tree)
            }
            try syncFolder(of: "layers/\(name)")
            let record = StoredLayer(
                digest: digest, seal: seal, bytes: layer.fileBytes, entries: layer.entries)
            try put("records/\(name)", Array(record.value.json.utf8))
            return layer
        } catch {
            try? TreeRemoval.remove("\(path)/\(tree)")
            throw error
        }
    }

    /// Keeps an image all of whose layers are there.
    /// - Parameters: manifest and configuration as they came, which their digests name.
    func commit(
        _ reference: String, manifest: [UInt8], configuration: [UInt8], layers: [ContentDigest],
        now: Int64
    ) throws(ImageError) -> StoredImage {
        precondition(layers.allSatisfy(hasLayer), "an image without its layers")
        let image = StoredImage(
            reference: reference, manifest: try ContentHash.digest(manifest),
            configuration: try ContentHash.digest(configuration), layers: layers,
            privileges: privileges, usedAt: now)
        try put("blobs/\(image.manifest.hex)", manifest)
        try put("blobs/\(image.configuration.hex)", configuration)
        try put(image)
        return image
    }

    func put(_ image: StoredImage) throws(ImageError) {
        let name = try ContentHash.digest(Array(image.reference.utf8)).hex
        try put("images/\(name)", Array(image.value.json.utf8))
    }
}
