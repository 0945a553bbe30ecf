/// A path within a layer: names alone, from its root down.
///
/// No name is `.` or `..` or has a slash, so that no path leads out, whatever is done with it.
public struct LayerPath: Sendable, Hashable, CustomStringConvertible {
    /// Bytes of one name (NAME_MAX) and names in one path.
    static let nameBytesMax = 255
    public static let depthMax = 256

    /// Empty for the root itself.
    public let names: [[UInt8]]

    init(names: [[UInt8]]) { self.names = names }

    /// The path that an archive writes. A slash before it and `.` in it mean nothing.
    /// - Throws: where it has `..`, which no tool writes into a layer.
    public init(_ bytes: [UInt8]) throws(ImageError) {
        guard !bytes.contains(0) else {
            throw ImageError.archive("the name \(Shown.path(bytes)) has a NUL in it")
        }
        let names = bytes.split(separator: UInt8(ascii: "/"))
            .filter { $0 != [UInt8(ascii: ".")] }.map { Array($0) }
        guard !names.contains(Array("..".utf8)) else {
            throw ImageError.hostile("\(Shown.path(bytes)) leads out of the layer by ..")
        }
        guard names.count <= Self.depthMax, names.allSatisfy({ $0.count <= Self.nameBytesMax })
        else {
            throw ImageError(
                .limit,
                "\(Shown.path(bytes)) has more than \(Self.depthMax) names, or one of more than "
                    + "\(Self.nameBytesMax) bytes",
                advice: "build the image again with shorter names")
        }
        self.names = names
    }

    public var isRoot: Bool { names.isEmpty }
    public var parent: LayerPath { LayerPath(names: Array(names.dropLast())) }
    /// The last name; empty for the root.
    public var name: [UInt8] { names.last ?? [] }

    /// With slashes between, and none before.
    public var bytes: [UInt8] { Array(names.joined(separator: [UInt8(ascii: "/")])) }

    public var description: String { isRoot ? "/" : Shown.path(bytes) }
}

extension ImageError {
    static func hostile(_ why: String) -> ImageError {
        ImageError(
            .hostile, "the image is refused: \(why)",
            advice: "do not use this image; ask where it comes from")
    }
}
