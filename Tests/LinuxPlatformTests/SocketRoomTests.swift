import Glibc
import LinuxPlatform
import Platform
import Testing

/// Room for datagrams at the hub's socket, which its library makes and shows to nobody.
struct SocketRoomTests {
    @Test func theHubAsksForMoreThanTheUsual() async throws {
        let usual = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        let port = try #require(Self.bindAnywhere(usual))
        let before = Self.room(usual)
        close(usual)
        var settings = CoAPHubEndpoint.Settings()
        settings.port = port
        let endpoint = try CoAPHubEndpoint(settings: settings, entropy: LinuxEntropy())
        for await event in endpoint.events {
            guard case .connected = event else { continue }
            let socket = LinuxFileSystem().list("/proc/self/fd").compactMap(Int32.init)
                .first { Self.port(of: $0) == port }
            #expect(try Self.room(#require(socket)) > before)
            endpoint.close()
        }
    }

    private static func room(_ socket: Int32) -> Int32 {
        var bytes: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(socket, SOL_SOCKET, SO_RCVBUF, &bytes, &length)
        return bytes
    }

    /// The port that it got.
    private static func bindAnywhere(_ socket: Int32) -> Int? {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let code = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        return code == 0 ? port(of: socket) : nil
    }

    /// Where a socket for datagrams is bound; nil for any other descriptor.
    private static func port(of socket: Int32) -> Int? {
        var type: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(socket, SOL_SOCKET, SO_TYPE, &type, &length) == 0,
            type == Int32(SOCK_DGRAM.rawValue)
        else { return nil }
        var address = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                getsockname(socket, $0, &size)
            }
        }
        return code == 0 ? Int(UInt16(bigEndian: address.sin_port)) : nil
    }
}
