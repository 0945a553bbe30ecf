import CSQLite
import Platform

/// SQLite's way to the disks of one world: https://www.sqlite.org/vfs.html. No locks: a life's
/// files have one process, and that has one connection.
final class SimVFS {
    let name: String
    private let vfs: UnsafeMutablePointer<sqlite3_vfs>
    private let text: UnsafeMutablePointer<CChar>

    /// As the stores configure SQLite, which is in use from here on.
    private static let isConfigured: Void = csqlite_configure()

    init(_ disks: SimDisks) {
        _ = Self.isConfigured
        vfs = .allocate(capacity: 1)
        let label = "sim-" + String(UInt(bitPattern: vfs), radix: 16)
        name = label
        text = .allocate(capacity: label.utf8.count + 1)
        for (index, byte) in label.utf8.enumerated() { text[index] = CChar(bitPattern: byte) }
        text[label.utf8.count] = 0
        var table = sqlite3_vfs()
        table.iVersion = 2
        table.szOsFile = Int32(MemoryLayout<SimFile>.size)
        table.mxPathname = 512
        table.zName = UnsafePointer(text)
        table.pAppData = Unmanaged.passUnretained(disks).toOpaque()
        table.xOpen = { vfs, name, file, flags, outFlags in
            simOpen(vfs, name, file, flags, outFlags)
        }
        table.xDelete = { vfs, name, _ in
            guard let name else { return SQLITE_IOERR }
            simDisks(vfs)?.delete(String(cString: name))
            return SQLITE_OK
        }
        table.xAccess = { vfs, name, _, result in
            guard let name else { return SQLITE_IOERR }
            result?.pointee = simDisks(vfs)?.size(String(cString: name)) == nil ? 0 : 1
            return SQLITE_OK
        }
        table.xFullPathname = { _, name, count, out in
            guard let name, let out else { return SQLITE_CANTOPEN }
            let length = String(cString: name).utf8.count
            guard length < Int(count) else { return SQLITE_CANTOPEN }
            out.update(from: name, count: length + 1)
            return SQLITE_OK
        }
        table.xRandomness = { _, count, out in
            // Salts of a log; they must differ, and nothing else follows from them.
            for index in 0..<Int(count) { out?[index] = CChar.random(in: .min ... .max) }
            return count
        }
        table.xSleep = { _, span in span }
        table.xCurrentTime = { _, out in
            out?.pointee = 2_460_000
            return SQLITE_OK
        }
        table.xCurrentTimeInt64 = { _, out in
            out?.pointee = 212_544_000_000_000
            return SQLITE_OK
        }
        table.xGetLastError = { _, _, _ in 0 }
        vfs.initialize(to: table)
        sqlite3_vfs_register(vfs, 0)
    }

    func unregister() {
        sqlite3_vfs_unregister(vfs)
        vfs.deallocate()
        text.deallocate()
    }
}

/// SQLITE_IOERR_SHORT_READ, a macro that Swift does not import: the rest is filled with zeros.
private let shortRead = SQLITE_IOERR | 2 << 8

/// What SQLite allocates for an open file: its own part, then ours.
private struct SimFile {
    var base: sqlite3_file
    var handle: UnsafeMutableRawPointer?
}

private func simDisks(_ vfs: UnsafeMutablePointer<sqlite3_vfs>?) -> SimDisks? {
    guard let data = vfs?.pointee.pAppData else { return nil }
    return Unmanaged<SimDisks>.fromOpaque(data).takeUnretainedValue()
}

private func simHandle(_ file: UnsafeMutablePointer<sqlite3_file>?) -> SimHandle? {
    guard let file else { return nil }
    let opened = UnsafeMutableRawPointer(file).assumingMemoryBound(to: SimFile.self)
    guard let handle = opened.pointee.handle else { return nil }
    return Unmanaged<SimHandle>.fromOpaque(handle).takeUnretainedValue()
}

private func simOpen(
    _ vfs: UnsafeMutablePointer<sqlite3_vfs>?, _ name: UnsafePointer<CChar>?,
    _ file: UnsafeMutablePointer<sqlite3_file>?, _ flags: Int32,
    _ outFlags: UnsafeMutablePointer<Int32>?
) -> Int32 {
    guard let file else { return SQLITE_CANTOPEN }
    let opened = UnsafeMutableRawPointer(file).assumingMemoryBound(to: SimFile.self)
    opened.pointee.base.pMethods = nil
    opened.pointee.handle = nil
    let path = name.map { String(cString: $0) }
    guard
        let handle = simDisks(vfs)?.open(path, creates: flags & SQLITE_OPEN_CREATE != 0)
    else { return SQLITE_CANTOPEN }
    opened.pointee.handle = Unmanaged.passRetained(handle).toOpaque()
    opened.pointee.base.pMethods = UnsafePointer(simMethods.table)
    outFlags?.pointee = flags
    return SQLITE_OK
}

private func simRead(
    _ file: UnsafeMutablePointer<sqlite3_file>?, _ out: UnsafeMutableRawPointer?, _ count: Int32,
    _ offset: Int64
) -> Int32 {
    guard let handle = simHandle(file), let out else { return SQLITE_IOERR }
    let wanted = Int(count)
    let available = handle.node.read(
        UnsafeMutableRawBufferPointer(start: out, count: wanted), at: Int(offset))
    guard available < wanted else { return SQLITE_OK }
    (out + available).initializeMemory(as: UInt8.self, repeating: 0, count: wanted - available)
    return shortRead
}

private func simWrite(
    _ file: UnsafeMutablePointer<sqlite3_file>?, _ source: UnsafeRawPointer?, _ count: Int32,
    _ offset: Int64
) -> Int32 {
    guard let handle = simHandle(file), let source else { return SQLITE_IOERR }
    handle.disks.beforeWrite(handle.folder)
    if handle.disks.isFull(handle.folder) { return SQLITE_FULL }
    handle.node.write(UnsafeRawBufferPointer(start: source, count: Int(count)), at: Int(offset))
    return SQLITE_OK
}

private func simShared(
    _ file: UnsafeMutablePointer<sqlite3_file>?, _ region: Int32, _ size: Int32, _ extends: Int32,
    _ out: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> Int32 {
    guard let handle = simHandle(file) else { return SQLITE_IOERR }
    let node = handle.node
    while node.shared.count <= Int(region) {
        guard extends != 0 else {
            out?.pointee = nil
            return SQLITE_OK
        }
        let memory = UnsafeMutableRawPointer.allocate(byteCount: Int(size), alignment: 16)
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: Int(size))
        node.shared.append(memory)
    }
    out?.pointee = UnsafeMutableRawPointer(node.shared[Int(region)])
    return SQLITE_OK
}

/// The functions of an open file, the same for all.
private struct SimMethods: @unchecked Sendable {
    // @unchecked: written once, before it is shared.
    let table: UnsafeMutablePointer<sqlite3_io_methods>

    init() {
        table = .allocate(capacity: 1)
        var methods = sqlite3_io_methods()
        methods.iVersion = 2
        methods.xClose = { file in
            guard let file, let handle = simHandle(file) else { return SQLITE_OK }
            handle.disks.closed(handle.node)
            Unmanaged.passUnretained(handle).release()
            UnsafeMutableRawPointer(file).assumingMemoryBound(to: SimFile.self)
                .pointee.handle = nil
            return SQLITE_OK
        }
        methods.xRead = { simRead($0, $1, $2, $3) }
        methods.xWrite = { simWrite($0, $1, $2, $3) }
        methods.xTruncate = { file, size in
            simHandle(file)?.node.truncate(to: Int(size))
            return SQLITE_OK
        }
        methods.xSync = { file, _ in
            guard let handle = simHandle(file) else { return SQLITE_IOERR }
            handle.disks.beforeWrite(handle.folder)
            handle.node.sync()
            return SQLITE_OK
        }
        methods.xFileSize = { file, size in
            size?.pointee = Int64(simHandle(file)?.node.count ?? 0)
            return SQLITE_OK
        }
        methods.xLock = { _, _ in SQLITE_OK }
        methods.xUnlock = { _, _ in SQLITE_OK }
        methods.xCheckReservedLock = { _, held in
            held?.pointee = 0
            return SQLITE_OK
        }
        methods.xFileControl = { _, _, _ in SQLITE_NOTFOUND }
        methods.xSectorSize = { _ in 512 }
        methods.xDeviceCharacteristics = { _ in SQLITE_IOCAP_POWERSAFE_OVERWRITE }
        methods.xShmMap = { simShared($0, $1, $2, $3, $4) }
        methods.xShmLock = { _, _, _, _ in SQLITE_OK }
        methods.xShmBarrier = { _ in }
        methods.xShmUnmap = { _, _ in SQLITE_OK }
        table.initialize(to: methods)
    }
}

private let simMethods = SimMethods()
