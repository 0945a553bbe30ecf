/// Datagrams that a socket had no room for (proc(5), `net/udp`).
///
/// Each of them is one that its sender repeats after two or three seconds, so they are what the
/// slowest of many thousand frames waited for.
enum DatagramLosses {
    /// At all sockets of this machine that are bound to one of these ports.
    static func count(ports: Set<Int>) -> Int {
        count(ports: ports, text: Files.text("/proc/net/udp"))
    }

    static func count(ports: Set<Int>, text: String) -> Int {
        text.split(separator: "\n").dropFirst().reduce(0) { sum, line in
            let words = line.split(separator: " ")
            guard words.count > 2, let port = words[1].split(separator: ":").last,
                let number = Int(port, radix: 16), ports.contains(number),
                let drops = words.last.flatMap({ Int($0) })
            else { return sum }
            return sum + drops
        }
    }
}
