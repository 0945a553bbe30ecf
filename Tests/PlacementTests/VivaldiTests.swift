import Placement
import Platform
import TestSupport
import Testing

@Suite struct VivaldiTests {
    private func time(_ seconds: Int) -> MonotonicTime {
        MonotonicTime(milliseconds: Int64(seconds) * 1000)
    }

    private func coordinate(
        _ x: Double, height: Double = 1, error: Double = 0.1
    ) -> VivaldiCoordinate {
        VivaldiCoordinate(position: [x, 0, 0, 0], height: height, error: error)
    }

    @Test func nodesOnALineFindTheirDistances() {
        var generator = SeededGenerator.announced(for: "line")
        let places = (0..<12).map { Double($0) * 10 }
        var nodes = places.map { _ in VivaldiNode() }
        for round in 0..<300 {
            for node in nodes.indices {
                let peer = Int.random(in: nodes.indices, using: &generator)
                guard peer != node else { continue }
                nodes[node].observe(
                    String(peer), at: nodes[peer].coordinate,
                    rtt: abs(places[node] - places[peer]) + 2, now: time(round), using: &generator)
            }
        }
        var errors: [Double] = []
        for a in nodes.indices {
            for b in nodes.indices where a < b {
                let rtt = abs(places[a] - places[b]) + 2
                let estimate = nodes[a].coordinate.distance(to: nodes[b].coordinate)
                errors.append(abs(estimate - rtt) / rtt)
            }
        }
        #expect(errors.sorted()[errors.count / 2] < 0.1)
    }

    @Test func distanceIsSymmetricAndHoldsBothHeights() {
        var generator = SeededGenerator.announced(for: "symmetry")
        for _ in 0..<100 {
            func any() -> VivaldiCoordinate {
                VivaldiCoordinate(
                    position: (0..<4).map { _ in Double.random(in: -500...500, using: &generator) },
                    height: Double.random(in: 0.1...50, using: &generator), error: 1)
            }
            let (a, b, c) = (any(), any(), any())
            #expect(a.distance(to: b) == b.distance(to: a))
            #expect(a.distance(to: b) >= a.height + b.height)
            #expect(a.distance(to: c) <= a.distance(to: b) + b.distance(to: c) + 1e-9)
        }
    }

    @Test func whateverIsMeasuredTheCoordinateStaysFinite() {
        var generator = SeededGenerator.announced(for: "finite")
        var node = VivaldiNode()
        let times = [0, 1e-9, 1, 250, 59_000, -1, Double.nan, .infinity]
        let remotes = [
            coordinate(0), coordinate(1e6), coordinate(0, height: .nan), coordinate(5, error: 0),
        ]
        for step in 0..<2_000 {
            let rtt = times[Int.random(in: times.indices, using: &generator)]
            let remote = remotes[Int.random(in: remotes.indices, using: &generator)]
            node.observe("p\(step % 5)", at: remote, rtt: rtt, now: time(step), using: &generator)
            #expect(node.coordinate.position.allSatisfy { $0.isFinite })
            #expect(node.coordinate.height >= VivaldiSettings().heightMin)
            #expect(node.coordinate.error <= VivaldiSettings().errorMax)
        }
    }

    @Test func nonsenseIsRefused() {
        var generator = SeededGenerator(seed: 1)
        var node = VivaldiNode()
        let before = node.coordinate
        for rtt in [-1, Double.nan, .infinity, 60_001] {
            let outcome = node.observe(
                "p", at: coordinate(3), rtt: rtt, now: time(1), using: &generator)
            #expect(outcome == .refused)
        }
        let flat = VivaldiCoordinate(position: [1], height: 1, error: 1)
        #expect(node.observe("p", at: flat, rtt: 5, now: time(1), using: &generator) == .refused)
        #expect(node.coordinate == before)
    }

    @Test func oneLatePacketOfThreeMovesNothingFar() {
        var generator = SeededGenerator.announced(for: "median")
        var node = VivaldiNode()
        for step in 0..<60 {
            node.observe(
                "p", at: coordinate(40), rtt: step % 3 == 1 ? 2_000 : 20, now: time(step),
                using: &generator)
        }
        #expect(node.estimate("p", at: nil, now: time(60)) == 20)
        #expect(node.coordinate.distance(to: coordinate(40)) < 100)
    }

    @Test func whatIsMeasuredWinsUntilItIsStale() {
        var generator = SeededGenerator(seed: 2)
        var node = VivaldiNode()
        node.observe("p", at: coordinate(300), rtt: 20, now: time(0), using: &generator)
        #expect(node.estimate("p", at: coordinate(300), now: time(3_600)) == 20)
        let later = node.estimate("p", at: coordinate(300), now: time(3_601))
        #expect(later == node.coordinate.distance(to: coordinate(300)))
        #expect(node.estimate("q", at: nil, now: time(0)) == nil)
    }

    @Test func aBrokenTriangleIsNamed() {
        var generator = SeededGenerator.announced(for: "triangle")
        var node = VivaldiNode()
        for step in 0..<200 {
            for name in ["a", "b", "c", "d", "e", "f"] {
                node.observe(name, at: coordinate(0), rtt: 10, now: time(step), using: &generator)
            }
            // In the space where the others are, but far away by its own path.
            node.observe("odd", at: coordinate(0), rtt: 400, now: time(step), using: &generator)
        }
        #expect(node.violations().contains("odd"))
    }

    @Test func peersAreBoundedAndTheLongestSilentGoes() {
        var generator = SeededGenerator(seed: 3)
        var node = VivaldiNode()
        let most = VivaldiSettings().peersMax
        for peer in 0...most {
            node.observe(
                "p\(peer)", at: coordinate(9), rtt: 5, now: time(peer), using: &generator)
        }
        #expect(node.estimate("p0", at: nil, now: time(most)) == nil)
        #expect(node.estimate("p1", at: nil, now: time(most)) == 5)
    }
}
