import Platform

/// Faults that show at the start: configuration, ports, peers that are not there.
extension FaultCase {
    /// A wrong file, and the line and the field that its error must name; no field where the file
    /// is no YAML at all.
    private static let wrongFiles: [(yaml: String, line: Int, field: String?)] = [
        ("device:\n  id: board\nuplink:\n  prt: 1883\n", 4, "uplink.prt"),
        ("device:\n  id: board\nuplink:\n  port: many\n", 4, "uplink.port"),
        ("device:\n  id: board\nuplink:\n  port: 70000\n", 4, "uplink.port"),
        ("device:\n  id: board\nuplink:\n  tls: off\n  host: 192.0.2.1\n", 5, "uplink.host"),
        ("device:\n  id: \"two words\"\n", 2, "device.id"),
        ("device:\n  id: board\n  id: other\n", 3, "id"),
        ("device:\n\tid: board\n", 2, nil),
    ]

    static func wrongYAML(_ world: World, _ link: BenchLink) async throws -> String {
        let agent = try Agent("board", in: world, AgentSettings())
        for file in wrongFiles {
            let path = world.folder + "/wrong.yaml"
            try Files.write(file.yaml, to: path)
            for verb in ["check", "run"] {
                let result = try await agent.run([verb, "--config", path])
                try demand(
                    result.code == 2,
                    "`\(verb)` of a wrong file gave exit \(result.code), not 2: \(file.yaml)")
                let namesField = file.field.map { result.error.contains($0) } ?? true
                try demand(
                    namesField && result.error.contains("\(path):\(file.line):"),
                    "the error names not line \(file.line) and \(file.field ?? "YAML"): "
                        + result.error)
            }
        }
        return "exit 2 with line and field for each of \(wrongFiles.count) wrong files"
    }

    static func portInUse(_ world: World, _ link: BenchLink) async throws -> String {
        let site = try Site(in: world, link: link)
        try await site.start()
        let second = try Hub(
            in: world, mqttPort: link.kind == .mqtt ? site.uplink.port : nil,
            coapPort: link.kind == .coap ? world.freePort() : nil, folder: world.folder + "/hub2",
            apiPort: site.hub.apiPort)
        try await second.initialise()
        let result = try await Command(
            executable: world.program("fleet-hub"), scratch: world.logs
        ).run(second.arguments)
        try demand(result.code == 1, "the second hub gave exit \(result.code), not 1")
        try demand(
            result.error.contains("127.0.0.1:\(site.hub.apiPort)"),
            "the error does not say which port is in use: \(result.error)")
        try demand(try await site.hub.reader.health() != nil, "the first hub no longer answers")
        guard link == .coap else {
            return "the second hub ended with 1 and named the port; the first went on"
        }
        let third = try Hub(
            in: world, mqttPort: nil, coapPort: site.hub.coapPort, folder: world.folder + "/hub3")
        try await third.initialise()
        try await third.start()
        defer { third.kill() }
        try await waitUntil(
            "the third hub to say that its CoAP port is taken", within: .seconds(10)
        ) { try await third.reader.health()?.coap == "disconnected" }
        try demand(
            try await site.hub.reader.health()?.coap == "connected",
            "the first hub lost its CoAP port")
        return "a hub on the same API port ended with 1, one on the same CoAP port says so; the "
            + "first went on"
    }

    static func noBroker(_ world: World, _ link: BenchLink) async throws -> String {
        let site = try Site(in: world, link: link)
        try await site.initialise()
        try await site.hub.start()
        let broker = try Mosquitto("board-broker", in: world)
        let agent = try Agent(
            "board", in: world,
            .forTests(link: link, uplinkPort: site.uplink.port, localPort: broker.port))
        try await site.admit(agent)
        try await agent.start()
        let alone = try await agent.status()
        try demand(
            alone.uplinkState == "disconnected",
            "without a broker the uplink says \(alone.uplinkState)")
        try await waitUntil(
            "the board's own rows", within: .seconds(20), logs: agent.logPaths
        ) { try await agent.status().pending > 0 }
        let health = try await site.hub.reader.health()
        // With CoAP nothing of the hub's own is missing.
        try demand(
            link.kind == .coap || health?.mqtt == "disconnected",
            "the hub does not say that its broker is away")
        try await site.uplink.start()
        try await broker.start()
        try await site.settle(agent)
        let readings = try await site.hub.reader.cells(agent.id, prefix: "reported/board/")
        try demand(!readings.isEmpty, "the board reports nothing about itself")
        return "agent and hub ran without brokers, said so, and met once they came"
    }

    static func noHub(_ world: World, _ link: BenchLink) async throws -> String {
        let site = try Site(in: world, link: link)
        try await site.initialise()
        try await site.uplink.start()
        let board = try await site.board("board")
        try await board.agent.start()
        try await publish(1...100, to: board, in: world)
        try await waitUntil(
            "the agent to keep the messages", within: .seconds(20), logs: board.agent.logPaths
        ) { try await board.agent.status().pending >= 100 }
        let before = try await board.agent.status()
        try demand(
            before.acked == 0,
            "\(before.acked) rows were released although no hub was there to commit them")
        try await site.hub.start()
        try await expect(1...100, from: board, at: site)
        try await site.settle(board.agent)
        return "\(before.pending) rows waited for the hub and arrived once it came"
    }
}
