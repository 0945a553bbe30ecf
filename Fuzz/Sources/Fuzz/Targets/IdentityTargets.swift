import Platform
import TestSupport

@testable import Identity

extension FuzzTarget {
    /// An enrolment token, or none; one that is read is written as one that is the same.
    static let enrolmentToken = FuzzTarget(
        name: "enrolment-token",
        run: { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            guard let token = Oracle.read({ try? EnrolmentToken(text) }) else { return }
            Oracle.expect(EnrolmentToken.isHost(token.host), "\(token.host) is no host")
            Oracle.expect((try? EnrolmentToken(token.text)) == token, "\(text) is not itself")
        },
        examples: [
            "fh1.hub.example", "fh1.127.0.0.1:9443", "fh1.[::1]", "fh1.[fe80::1]:1", "fh2.hub",
        ].map { place in
            Array(
                (place + "." + Base64.encode([UInt8](repeating: 7, count: 32), .url) + ".AQIDBAUG."
                    + Base64.encode([UInt8](repeating: 9, count: EnrolmentToken.secretBytes), .url))
                    .utf8)
        }, large: { _ in Array(String(repeating: "fh1.", count: 10_000).utf8) })

    /// The credential of a request, or none; one that is read is written as one that is the same.
    static let credential = FuzzTarget(
        name: "credential",
        run: { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            guard let read = Oracle.read({ EnrolmentCredential(header: text) }) else { return }
            Oracle.expect(EnrolmentCredential(header: read.header) == read, "\(text) is not itself")
        },
        examples: [
            EnrolmentCredential.proof(token: "AQIDBAUG", hmac: [UInt8](repeating: 7, count: 32))
                .header,
            "Basic QVFJREJBVUc6QkFERg==", "Bearer x",
        ].map { Array($0.utf8) },
        large: { _ in Array(("Basic " + String(repeating: "QQ==", count: 10_000)).utf8) })

    /// A byte of choice, then a certificate, an answer with several, or an exchange's answer.
    static let certificate = FuzzTarget(
        name: "certificate",
        run: { bytes in
            var input = FuzzInput(bytes)
            let choice = input.byte() % 3
            let rest = input.all()
            switch choice {
            case 0:
                guard let facts = Oracle.read({ try? CertificateFacts(der: rest) }) else { return }
                Oracle.expect(1...21 ~= facts.serial.count, "a serial number of \(facts.serial)")
                Oracle.expect(
                    facts.publicKey.count <= rest.count, "a key longer than its certificate")
            case 1:
                guard let bundle = Oracle.read({ try? CertificateBundle(der: rest) }) else {
                    return
                }
                let sum = bundle.certificates.reduce(0) { $0 + $1.count }
                Oracle.expect(sum <= rest.count, "more certificates than bytes")
            default:
                guard let answer = Oracle.read({ try? ESTAnswer(rest) }) else { return }
                Oracle.expect(100...599 ~= answer.status, "the status \(answer.status)")
                Oracle.expect(answer.body.count <= rest.count, "a body longer than the answer")
            }
        },
        examples: [
            [0] + certificateExample, [1] + bundleExample,
            [2] + Array("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab".utf8),
            [2]
                + Array(
                    "HTTP/1.1 202 Accepted\r\nRetry-After: 30\r\nContent-Length: 0\r\n\r\n".utf8),
        ],
        large: { generator in
            let kind = UInt8(generator.number(0...1))
            let element = certificateExample
            return [kind] + (0..<60).flatMap { _ in element }
        })

    /// As much of a certificate as a board reads; nobody signed it.
    private static var certificateExample: [UInt8] {
        DERWriter.bytes { writer in
            writer.sequence { certificate in
                certificate.sequence { body in
                    body.smallInteger(5)
                    body.sequence { _ in }
                    body.sequence { _ in }
                    body.sequence { validity in
                        validity.primitive(DERTag.utcTime, Array("261123000000Z".utf8))
                        validity.primitive(DERTag.generalizedTime, Array("20760229235959Z".utf8))
                    }
                    body.sequence { subject in
                        subject.setOfOne { names in
                            names.sequence { pair in
                                pair.identifier(.commonName)
                                pair.utf8String("board-1")
                            }
                        }
                    }
                    body.sequence { $0.smallInteger(1) }
                }
            }
        }
    }

    private static var bundleExample: [UInt8] {
        let certificate = certificateExample
        return DERWriter.bytes { writer in
            writer.sequence { outer in
                outer.identifier(.signedData)
                outer.constructed(DERTag.context(0)) { wrapped in
                    wrapped.sequence { data in
                        data.smallInteger(1)
                        data.setOfOne { _ in }
                        data.sequence { _ in }
                        data.constructed(DERTag.context(0)) { list in
                            list.raw(certificate)
                            list.raw(certificate)
                        }
                    }
                }
            }
        }
    }
}
