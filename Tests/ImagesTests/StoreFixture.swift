import CEdgeShims
import Foundation
import Glibc
import Platform
import TestSupport

@testable import Images
@testable import LinuxPlatform

/// A store in a folder of its own, and images for it.
struct StoreFixture {
    let folder: TemporaryFolder
    var path: String { folder.path + "/store" }

    init() throws { folder = try TemporaryFolder() }

    func store(
        _ limits: ImageLimits = ImageLimits(), _ privileges: PrivilegePolicy = .strip
    ) throws -> ImageStore {
        try ImageStore(at: path, limits: limits, privileges: privileges)
    }

    /// Unpacks a layer; its tree's path.
    func unpack(
        _ tar: [UInt8], limits: ImageLimits = ImageLimits(), privileges: PrivilegePolicy = .strip,
        compressed: [UInt8]? = nil
    ) throws -> String {
        try folder.write("layer", compressed ?? tar)
        let store = try store(limits, privileges)
        let digest = try ContentHash.digest(tar)
        let source = LayerSource(
            path: folder.path + "/layer", offset: 0, size: UInt64((compressed ?? tar).count))
        _ = try store.addLayer(source, digest: digest)
        return store.path + "/layers/" + store.name(of: digest)
    }

    /// An OCI archive with these layers, under a file's name.
    func archive(
        _ file: String, name: String?, layers: [[UInt8]], platform: ImagePlatform = .current,
        claimed: [ContentDigest]? = nil
    ) throws {
        var tar = TarArchive()
        func blob(_ bytes: [UInt8]) throws -> ContentDigest {
            let digest = try ContentHash.digest(bytes)
            tar.add("blobs/sha256/" + digest.hex, bytes)
            return digest
        }
        func descriptor(_ type: String, _ digest: ContentDigest, _ size: Int) -> Value {
            .object([
                ("mediaType", .string("application/vnd.oci.image." + type)),
                ("digest", .string(digest.description)), ("size", .int(Int64(size))),
            ])
        }
        let digests = try layers.map(blob)
        let configuration = Value.object([
            ("os", .string(platform.system)), ("architecture", .string(platform.architecture)),
            ("variant", .string(platform.variant ?? "")),
            (
                "rootfs",
                .object([
                    ("type", .string("layers")),
                    ("diff_ids", .array((claimed ?? digests).map { .string($0.description) })),
                ])
            ),
        ])
        let configurationBytes = Array(configuration.json.utf8)
        let manifest = Value.object([
            ("schemaVersion", .int(2)),
            (
                "config",
                descriptor(
                    "config.v1+json", try blob(configurationBytes), configurationBytes.count)
            ),
            (
                "layers",
                .array(
                    zip(digests, layers).map { descriptor("layer.v1.tar", $0, $1.count) })
            ),
        ])
        let manifestBytes = Array(manifest.json.utf8)
        var entry = descriptor(
            "manifest.v1+json", try blob(manifestBytes), manifestBytes.count)
        if let name, case .map(let entries) = entry {
            let note = Value.object([("org.opencontainers.image.ref.name", .string(name))])
            entry = .object(entries.map { ($0.key, $0.value) } + [("annotations", note)])
        }
        tar.add("oci-layout", Array(#"{"imageLayoutVersion":"1.0.0"}"#.utf8))
        tar.add("index.json", Array(Value.object([("manifests", .array([entry]))]).json.utf8))
        try folder.write(file, tar.closed)
    }

    func load(_ store: ImageStore, _ file: String, name: String? = nil, now: Int64 = 1) throws
        -> [ImageArrival]
    {
        try store.load(
            folder.path + "/" + file, name: try name.map { try ImageReference($0) },
            platform: .current, now: now)
    }

    /// A layer of one file.
    static func layer(_ name: String, _ content: String) -> [UInt8] {
        var tar = TarArchive()
        tar.add(name, Array(ascii: content))
        return tar.closed
    }
}

/// An unpacked tree and the folder it is in.
struct KeptTree {
    let fixture: StoreFixture
    let path: String

    /// An attribute of a file; an overlay's own has another name for root than for others.
    func attribute(_ name: String, _ attribute: String) -> String? {
        let prefix = attribute.hasPrefix("overlay.") ? (geteuid() == 0 ? "trusted." : "user.") : ""
        let file = open(path + "/" + name, O_RDONLY)
        defer { close(file) }
        var value = [UInt8](repeating: 0, count: 256)
        let count = edge_get_attribute(file, prefix + attribute, &value, value.count)
        return count < 0 ? nil : String(decoding: value[0..<count], as: UTF8.self)
    }
}

extension StoreFixture {
    func kept(_ tar: [UInt8], _ limits: ImageLimits = ImageLimits()) throws -> KeptTree {
        KeptTree(fixture: self, path: try unpack(tar, limits: limits))
    }
}
