import FleetClient
import Platform
import Testing

@Suite struct TimesTests {
    @Test(arguments: [
        (Int64(0), "now"), (999, "now"), (1000, "1s"), (12_345, "12s"), (59_999, "59s"),
        (60_000, "1m"), (3_599_999, "59m"), (3_600_000, "1h"), (172_799_999, "47h"),
        (172_800_000, "2d"), (31_536_000_000, "365d"), (-999, "now"), (-180_000, "in 3m"),
        (.max, "106751991167d"), (.min, "in 106751991167d"),
    ])
    func agesReadAtAGlance(milliseconds: Int64, text: String) {
        #expect(Age.text(Milliseconds(milliseconds)) == text)
    }

    @Test func theAgeOfATimeThatIsNone() {
        let now = WallTime(milliseconds: 60_000)
        #expect(Age.text(of: nil, now: now) == "never")
        #expect(Age.text(of: "1970-01-01T00:00:30Z", now: now) == "30s")
        #expect(Age.text(of: "soon", now: now) == "soon")
        let start = "0000-01-01T00:00:00Z"
        #expect(Age.text(of: start, now: WallTime(milliseconds: .max)) == start)
    }

    @Test func readsWhatPlatformWrites() {
        let seed = UInt64.random(in: .min ... .max)
        var state = seed
        for _ in 0..<2000 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let span: UInt64 = 62_167_219_200_000 + 253_402_300_800_000
            let time = WallTime(milliseconds: Int64((state >> 8) % span) - 62_167_219_200_000)
            #expect(Times.rfc3339(RFC3339.text(time)) == time, "seed \(seed)")
        }
    }

    @Test(arguments: [
        ("1970-01-01T00:00:00Z", Int64(0)), ("1970-01-01t00:00:00.5z", 500),
        ("1970-01-01 00:00:00.123456Z", 123), ("1970-01-01T01:00:00+01:00", 0),
        ("1969-12-31T23:30:00-00:30", 0), ("2000-02-29T00:00:00Z", 951_782_400_000),
        ("1998-12-31T23:59:60Z", 915_148_800_000),
    ])
    func readsTheFormsOfRFC3339(text: String, milliseconds: Int64) {
        #expect(Times.rfc3339(text) == WallTime(milliseconds: milliseconds))
    }

    @Test(arguments: [
        "", "1970-01-01", "1970-01-01T00:00:00", "1970-13-01T00:00:00Z", "1970-01-01T24:00:00Z",
        "1970-01-01T00:00:00.Z", "1970-01-01T00:00:00Zx", "+970-01-01T00:00:00Z",
        "1970-01-01T00:00:00+24:00", "١٩٧٠-01-01T00:00:00Z",
    ])
    func refusesTheRest(text: String) {
        #expect(Times.rfc3339(text) == nil)
        #expect(Times.brief(text) == text)
    }

    @Test func readsTheDateOfHTTP() {
        let time = WallTime(milliseconds: 784_111_777_000)
        #expect(Times.httpDate("Sun, 06 Nov 1994 08:49:37 GMT") == time)
        #expect(Times.httpDate("Sunday, 06-Nov-94 08:49:37 GMT") == nil)
        #expect(Times.httpDate("Sun, 06 Nov 1994 08:49:37 CET") == nil)
        #expect(Times.httpDate("") == nil)
    }

    @Test func briefTimesAreUTC() {
        #expect(Times.brief("2026-11-23T05:27:16.123+01:00") == "2026-11-23 04:27:16")
    }
}
