import Glibc
import Platform
import TestSupport
import Testing

@testable import LinuxPlatform

@Suite struct ServiceNotifierTests {
    @Test func itSpeaksOnlyWhereSomebodyListens() {
        #expect(ServiceNotifier { _ in nil } == nil)
        for path in ["", "relative", "/", "/" + String(repeating: "a", count: 107)] {
            #expect(ServiceNotifier { $0 == "NOTIFY_SOCKET" ? path : nil } == nil)
        }
        let gone = ServiceNotifier { $0 == "NOTIFY_SOCKET" ? "/nowhere/at/all" : nil }
        #expect(gone?.send("READY=1") == false)
    }

    @Test(
        arguments: [
            (nil, nil, nil), ("30000000", nil, 30_000), ("30000000", "\(getpid())", 30_000),
            ("30000000", "1", nil), ("x", nil, nil), ("0", nil, nil), ("10", nil, 1),
        ] as [(String?, String?, Int64?)])
    func theWatchdogIsThisProcesss(span: String?, pid: String?, expected: Int64?) {
        let notifier = ServiceNotifier { name in
            ["NOTIFY_SOCKET": "/run/x", "WATCHDOG_USEC": span, "WATCHDOG_PID": pid][name] ?? nil
        }
        #expect(notifier?.watchdog?.count == expected)
    }

    @Test(arguments: [false, true])
    func theManagerHearsIt(isAbstract: Bool) throws {
        let folder = try TemporaryFolder()
        let path = isAbstract ? "@edge-\(getpid())-notify" : folder.path + "/n"
        let listener = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        defer { close(listener) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var name = Array(path.utf8)
        if isAbstract { name[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + name.count)
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length)
            }
        }
        try #require(bound == 0)
        let notifier = ServiceNotifier { $0 == "NOTIFY_SOCKET" ? path : nil }
        #expect(notifier?.send("READY=1") == true)
        var buffer = [UInt8](repeating: 0, count: 32)
        let count = recv(listener, &buffer, buffer.count, Int32(MSG_DONTWAIT))
        #expect(count == 7 && Array(buffer.prefix(7)) == Array("READY=1".utf8))
    }
}
