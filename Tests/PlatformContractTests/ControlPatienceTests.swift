import Foundation
import LinuxPlatform
import Platform
import Testing

@Suite struct ControlPatienceTests {
    /// One who asks and reads nothing of his answer is cut off, and the next one is served.
    @Test func oneWhoDoesNotReadHisAnswerDoesNotKeepTheNextOneOut() async throws {
        let path = "/tmp/patience-\(UUID().uuidString).sock"
        let listener = try UnixControlListener(path: path, patience: 200)
        // Far beyond what a socket buffers, so that sending it must wait for the reader.
        let endless = Value.string(String(repeating: "x", count: 16 << 20))
        let calls = Stage.linux.collect(listener.calls) { call in
            call.reply(call.request == .string("much") ? endless : call.request)
        }
        let silent = try #require(SlowPeer(connectedTo: path))
        silent.send("\"much\"\n")
        try #require(try await Stage.linux.eventually { calls.elements.count == 1 })
        let answer = Locked<Value?>(nil)
        Thread.detachNewThread {
            let value = (try? ControlSocket.ask(path, .string("little"))) ?? .null
            answer.with { $0 = value }
        }
        try #require(try await Stage.linux.eventually { answer.with { $0 } != nil })
        #expect(answer.with { $0 } == .string("little"))
        // Until here he had a connection and could have read.
        withExtendedLifetime(silent) {}
        listener.close()
        #expect(try await Stage.linux.eventually { calls.hasEnded })
    }
}
