import FleetHub
import Testing

@Suite struct PrometheusTextTests {
    @Test func familiesKeepTheirOrderAndStayTogether() {
        var page = PrometheusText()
        page.counter("hub_frames_total", help: "Frames received.", 3)
        page.gauge(
            "hub_devices", help: "Devices by state.",
            [.init(2, labels: [("state", "active")]), .init(1.5, labels: [("state", "x")])])
        page.counter("hub_frames_total", help: "ignored", [.init(4, labels: [("kind", "nack")])])
        #expect(
            page.text == """
                # HELP hub_frames_total Frames received.
                # TYPE hub_frames_total counter
                hub_frames_total 3
                hub_frames_total{kind="nack"} 4
                # HELP hub_devices Devices by state.
                # TYPE hub_devices gauge
                hub_devices{state="active"} 2
                hub_devices{state="x"} 1.5

                """)
    }

    @Test func textIsEscapedAsTheFormatAsks() {
        var page = PrometheusText()
        page.gauge(
            "g", help: "a \\ b\n\"c\"", [.init(0, labels: [("l", "a\\b\n\"c\""), ("m", "é")])])
        #expect(
            page.text == """
                # HELP g a \\\\ b\\n"c"
                # TYPE g gauge
                g{l="a\\\\b\\n\\"c\\"",m="é"} 0

                """)
    }

    @Test(arguments: [
        (0.0, "0"), (-7, "-7"), (9_007_199_254_740_992, "9007199254740992"), (1e300, "1e+300"),
        (0.1, "0.1"), (.infinity, "+Inf"), (-.infinity, "-Inf"), (.nan, "NaN"),
    ])
    func numbers(value: Double, expected: String) {
        var page = PrometheusText()
        page.gauge("g", help: "", value)
        #expect(page.text.hasSuffix("\ng \(expected)\n"))
    }

    @Test(arguments: [("a-b c", "a_b_c"), ("9lives", "_lives"), ("", "_"), ("a:b", "a:b")])
    func namesAreMadeAllowed(name: String, expected: String) {
        var page = PrometheusText()
        page.counter(name, help: "", 1)
        #expect(page.text.contains("# TYPE \(expected) counter\n\(expected) 1\n"))
    }

    @Test func labelNamesHaveNoColon() {
        var page = PrometheusText()
        page.gauge("g", help: "", [.init(1, labels: [("a:b", "v")])])
        #expect(page.text.hasSuffix("g{a_b=\"v\"} 1\n"))
    }

    @Test func anEmptyPageIsEmpty() {
        #expect(PrometheusText().text.isEmpty)
    }
}
