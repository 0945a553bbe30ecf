import Glibc
import LinuxPlatform
import Testing

@Suite struct TCPProbeTests {
    /// Somebody listens at a port, and then nobody does.
    @Test func itTellsWhetherAPortIsServed() throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        try #require(descriptor >= 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size) == 0 ? getsockname(descriptor, $0, &size) : -1
            }
        }
        try #require(code == 0 && listen(descriptor, 1) == 0)
        let port = Int(UInt16(bigEndian: address.sin_port))
        #expect(TCPProbe.answers(host: "127.0.0.1", port: port))
        close(descriptor)
        #expect(!TCPProbe.answers(host: "127.0.0.1", port: port))
        #expect(!TCPProbe.answers(host: "no.such.host.invalid", port: 1))
    }
}
