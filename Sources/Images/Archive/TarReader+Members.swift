extension TarReader {
    mutating func begin(
        _ header: TarHeader, _ block: [UInt8], size written: UInt64
    ) throws(ImageError) {
        let pax = records
        var path = pax?.sparseName ?? pax?.path ?? longName ?? header.path
        let link = pax?.linkPath ?? longLink ?? header.linkName
        records = nil
        longName = nil
        longLink = nil
        guard path.count <= Self.pathBytesMax, link.count <= Self.pathBytesMax else {
            throw ImageError(
                .limit, "a member's name or target is longer than \(Self.pathBytesMax) bytes",
                advice: "build the image again with shorter names")
        }
        guard let mode = header.mode, let user = pax?.user ?? globals.user ?? header.user,
            let group = pax?.group ?? globals.group ?? header.group,
            let user = UInt32(exactly: user), let group = UInt32(exactly: group),
            // (uid_t)-1 means to chown(2) that nothing is to change.
            user != .max, group != .max
        else {
            throw ImageError.archive("\(Shown.path(path)) has a mode or an owner that is none")
        }
        // Before POSIX a directory was a file whose name ends with a slash.
        let isDirectory =
            header.type == UInt8(ascii: "5")
            || [0, UInt8(ascii: "0"), UInt8(ascii: "7")].contains(header.type)
                && path.last == UInt8(ascii: "/")
        while path.count > 1, path.last == UInt8(ascii: "/") { path.removeLast() }
        let kind = try isDirectory ? .directory : Self.kind(header.type, link, path)
        let isFile = kind == .file
        // Some writers give links and directories a size that no content follows.
        let stored = isFile ? pax?.size ?? written : 0
        guard stored <= UInt64(Int64.max) else {
            throw ImageError.archive("\(Shown.path(path)) has a size that is none")
        }
        entry = TarEntry(
            kind: kind, path: path, mode: UInt32(truncatingIfNeeded: mode & 0o7777), user: user,
            group: group, modified: pax?.modified ?? globals.modified ?? header.modified,
            size: stored, attributes: pax?.attributes ?? [], storedSize: stored)
        holes = nil
        if isFile, header.type == UInt8(ascii: "S") {
            try beginOldSparse(header, block, stored)
        } else if isFile, let pax, pax.isSparse {
            try beginPaxSparse(pax, stored)
        } else {
            hasEntryToTell = true
            state = .content(remaining: stored, offset: 0)
        }
    }

    private static func kind(
        _ type: UInt8, _ link: [UInt8], _ path: [UInt8]
    ) throws(ImageError) -> TarEntry.Kind {
        switch type {
        case 0, UInt8(ascii: "0"), UInt8(ascii: "7"), UInt8(ascii: "S"): return .file
        case UInt8(ascii: "1"): return .hardLink(link)
        case UInt8(ascii: "2"): return .symbolicLink(link)
        case UInt8(ascii: "3"): return .characterDevice
        case UInt8(ascii: "4"): return .blockDevice
        case UInt8(ascii: "6"): return .fifo
        default:
            throw ImageError.archive(
                "\(Shown.path(path)) is of a type that is not known (byte \(type))")
        }
    }

    mutating func beginOldSparse(
        _ header: TarHeader, _ block: [UInt8], _ stored: UInt64
    ) throws(ImageError) {
        guard let size = header.sparseSize else {
            throw ImageError.archive("a file with holes has no size")
        }
        entry?.size = size
        segments = try TarHeader.sparsePairs(block)
        if header.isSparseContinued {
            state = .sparseBlock(stored: stored)
        } else {
            try beginContent(segments, stored)
        }
    }

    mutating func onSparseBlock(
        _ stored: UInt64, _ block: [UInt8]
    ) throws(ImageError) {
        segments += try TarHeader.sparsePairs(block, from: 0, count: 21)
        guard segments.count <= SparseMap.segmentsMax else { throw Self.tooManyHoles }
        if block[504] == 0 { try beginContent(segments, stored) }
    }

    mutating func beginPaxSparse(_ pax: PaxRecords, _ stored: UInt64) throws(ImageError) {
        if let size = pax.sparseSize { entry?.size = size }
        if pax.sparseMajor == 1 {
            guard pax.sparseMinor ?? 0 == 0 else {
                throw ImageError.archive("a file with holes is in a form that is not known")
            }
            segments = []
            state = .sparseText(SparseTextDraft(remaining: stored))
        } else {
            guard pax.sparseMajor ?? 0 == 0 else {
                throw ImageError.archive("a file with holes is in a form that is not known")
            }
            try beginContent(pax.sparseSegments, stored)
        }
    }

    /// Decimal numbers, a line each: how many parts, then offset and length of each; filled up to a
    /// whole block.
    mutating func onSparseText(
        _ draft: SparseTextDraft, _ chunk: [UInt8], _ index: inout Int
    ) throws(ImageError) {
        var draft = draft
        while index < chunk.count {
            guard draft.remaining > 0 else { throw PaxRecords.error("a list of holes is cut off") }
            let byte = chunk[index]
            advance(&index, 1)
            draft.remaining -= 1
            draft.bytesOfBlock = (draft.bytesOfBlock + 1) % TarHeader.blockBytes
            if draft.numbersLeft != 0 {
                try onSparseByte(byte, &draft)
            }
            if draft.numbersLeft == 0, draft.bytesOfBlock == 0 {
                try beginContent(segments, draft.remaining)
                return
            }
        }
        state = .sparseText(draft)
    }

    mutating func onSparseByte(
        _ byte: UInt8, _ draft: inout SparseTextDraft
    ) throws(ImageError) {
        if UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte {
            let (product, isOver) = (draft.number ?? 0).multipliedReportingOverflow(by: 10)
            guard !isOver, product <= UInt64(Int64.max) - 9 else {
                throw PaxRecords.error("a list of holes has too large a number")
            }
            draft.number = product + UInt64(byte - UInt8(ascii: "0"))
            return
        }
        guard byte == UInt8(ascii: "\n"), let number = draft.number else {
            throw PaxRecords.error("a list of holes has something else than numbers")
        }
        draft.number = nil
        guard let left = draft.numbersLeft else {
            guard number <= UInt64(SparseMap.segmentsMax) else { throw Self.tooManyHoles }
            draft.numbersLeft = number * 2
            return
        }
        draft.numbersLeft = left - 1
        if let offset = draft.offset {
            segments.append(SparseMap.Segment(offset: offset, count: number))
            draft.offset = nil
        } else {
            draft.offset = number
        }
    }

    mutating func beginContent(
        _ segments: [SparseMap.Segment], _ stored: UInt64
    ) throws(ImageError) {
        holes = try SparseMap(segments, size: entry?.size ?? 0, stored: stored)
        self.segments = []
        entry?.storedSize = stored
        hasEntryToTell = true
        state = .content(remaining: stored, offset: 0)
    }

    mutating func onContent(
        _ remaining: UInt64, _ offset: UInt64, _ chunk: [UInt8], _ index: inout Int
    ) throws(ImageError) -> TarEvent {
        var count = Int(min(remaining, UInt64(chunk.count - index)))
        var place = offset
        if let part = holes?.take(count) {
            count = part.count
            place = part.offset
        }
        let range = index..<index + count
        advance(&index, count)
        state = .content(remaining: remaining - UInt64(count), offset: offset + UInt64(count))
        return .data(range, offset: place)
    }

    mutating func endOfEntry() -> TarEvent {
        // What is stored in all: the padding counts from the member's start, a list of holes in
        // whole blocks before it.
        state = .padding(Self.padding(entry?.storedSize ?? 0))
        entry = nil
        holes = nil
        return .endOfEntry
    }

    private static var tooManyHoles: ImageError {
        ImageError(
            .limit, "a file has more than \(SparseMap.segmentsMax) parts between holes",
            advice: "build the image again without that file")
    }
}
