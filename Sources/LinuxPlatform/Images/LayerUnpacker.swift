import Glibc
import Images

/// Where a compressed layer lies: a part of a file, so that archives need not be unpacked first.
struct LayerSource {
    let path: String
    let offset: UInt64
    let size: UInt64
}

/// What an unpacked layer came to.
struct UnpackedLayer {
    let digest: ContentDigest
    let fileBytes: UInt64
    let entries: Int
    let strippedFiles: Int
    let droppedAttributes: Int
}

/// Reads a layer from a file, decompresses it, and puts its members into a tree. One chunk of each
/// kind is in memory.
enum LayerUnpacker {
    private static let chunkBytes = 128 << 10

    /// Puts a layer into the empty directory `target`; all of it is on the disk afterwards.
    /// - Returns: with the digest of its tar, which the caller compares.
    static func unpack(
        _ source: LayerSource, into target: String, limits: ImageLimits, privileges: PrivilegePolicy
    ) throws(ImageError) -> UnpackedLayer {
        let file = try SourceFile(source)
        var decompressor = try LayerDecompressor(LayerCompression(beginning: try file.beginning()))
        let hash = try ContentHash()
        var reader = TarReader()
        var plan = LayerPlan(
            budget: LayerBudget(limits: limits, compressedBytes: source.size),
            privileges: privileges)
        var tree = try LayerTree(at: target, limits: limits)
        var input = [UInt8](repeating: 0, count: chunkBytes)
        var output = [UInt8](repeating: 0, count: chunkBytes)
        var offset: UInt64 = 0
        while offset < source.size {
            let count = try file.read(&input, at: offset)
            offset += UInt64(count)
            var taken = 0
            while true {
                let (step, put) = try Self.step(
                    &decompressor, input, taken..<count, &output)
                taken += step
                if put > 0 {
                    try plan.onExpanded(put)
                    output.withUnsafeBytes {
                        hash.update(UnsafeRawBufferPointer(rebasing: $0[0..<put]))
                    }
                    // The reader takes whole arrays, and only the last chunk is shorter.
                    let chunk = put == output.count ? output : Array(output[0..<put])
                    try place(chunk, &reader, &plan, &tree)
                }
                if step == 0, put < output.count { break }
            }
            guard taken == count else {
                throw ImageError(
                    .archive, "a layer cannot be decompressed: bytes follow its end",
                    advice: "build or push the image again")
            }
        }
        try decompressor.finish()
        try reader.finish()
        try tree.finish()
        return UnpackedLayer(
            digest: hash.finish(), fileBytes: plan.budget.fileBytes, entries: plan.budget.entries,
            strippedFiles: plan.strippedFiles, droppedAttributes: plan.droppedAttributes)
    }

    private static func step(
        _ decompressor: inout LayerDecompressor, _ input: [UInt8], _ range: Range<Int>,
        _ output: inout [UInt8]
    ) throws(ImageError) -> (Int, Int) {
        var failure: ImageError?
        let moved = input.withUnsafeBytes { input in
            output.withUnsafeMutableBytes { output in
                do throws(ImageError) {
                    let step = try decompressor.step(
                        UnsafeRawBufferPointer(rebasing: input[range]), into: output)
                    return (step.taken, step.put)
                } catch {
                    failure = error
                    return (0, 0)
                }
            }
        }
        if let failure { throw failure }
        return moved
    }

    private static func place(
        _ chunk: [UInt8], _ reader: inout TarReader, _ plan: inout LayerPlan,
        _ tree: inout LayerTree
    ) throws(ImageError) {
        var index = 0
        while let event = try reader.next(in: chunk, at: &index) {
            switch event {
            case .entry(let entry): try tree.perform(try plan.onEntry(entry))
            case .data(let range, let offset):
                var failure: ImageError?
                chunk.withUnsafeBytes { bytes in
                    do throws(ImageError) {
                        try tree.write(UnsafeRawBufferPointer(rebasing: bytes[range]), at: offset)
                    } catch {
                        failure = error
                    }
                }
                if let failure { throw failure }
            case .endOfEntry: try tree.endEntry()
            }
        }
    }
}

/// A part of a file, open for reading.
struct SourceFile: ~Copyable {
    private let descriptor: Int32
    private let source: LayerSource

    init(_ source: LayerSource) throws(ImageError) {
        let descriptor = open(source.path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
        guard descriptor >= 0 else { throw .system("open", source.path) }
        self.descriptor = descriptor
        self.source = source
    }

    deinit { close(descriptor) }

    /// Enough to know what it is.
    func beginning() throws(ImageError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 8)
        let count = source.size == 0 ? 0 : try read(&bytes, at: 0)
        return Array(bytes[0..<count])
    }

    /// At least one byte, as `offset` is before the end.
    func read(_ bytes: inout [UInt8], at offset: UInt64) throws(ImageError) -> Int {
        let most = Int(min(UInt64(bytes.count), source.size - offset))
        while true {
            let count = pread(descriptor, &bytes, most, off_t(source.offset + offset))
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .system("read", source.path) }
            guard count > 0 else { throw .cutOff(source.path) }
            return count
        }
    }
}
