"""Half-open DTLS handshakes: ClientHellos, each from an address of its own, that nobody follows up.

    dtls_flood.py PORT COUNT SOURCE [cookie|forged]

SOURCE is a loopback address such as 127.0.0.2. With `cookie` each answers the HelloVerifyRequest, as
an attacker with real addresses would, and only then falls silent; with `forged` by a cookie that is
not its own. Prints how many got a HelloVerifyRequest, how many a ServerHello, and how many first
answers were longer than what was sent.
"""

import os
import socket
import struct
import sys


def extension(number, body):
    return struct.pack("!HH", number, len(body)) + body


def hello(random, cookie=b"", sequence=0):
    extensions = (
        extension(10, struct.pack("!HH", 2, 23))  # P-256
        + extension(11, b"\x01\x00")
        + extension(13, struct.pack("!HH", 2, 0x0403))  # ECDSA with SHA-256
    )
    body = (
        b"\xfe\xfd" + random + b"\x00" + bytes([len(cookie)]) + cookie
        + struct.pack("!HH", 2, 0xC02B) + b"\x01\x00"
        + struct.pack("!H", len(extensions)) + extensions
    )
    size = struct.pack("!I", len(body))[1:]
    message = b"\x01" + size + struct.pack("!H", sequence) + b"\x00\x00\x00" + size + body
    record = b"\x16\xfe\xff\x00\x00" + struct.pack("!Q", sequence)[2:]
    return record + struct.pack("!H", len(message)) + message


def cookie_of(answer):
    """The cookie of a HelloVerifyRequest, None for anything else."""
    if len(answer) < 28 or answer[0] != 22 or answer[13] != 3:
        return None
    return answer[28:28 + answer[27]]


def is_server_hello(answer):
    return len(answer) > 13 and answer[0] == 22 and answer[13] == 2


def main():
    port, count, source = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    mode = sys.argv[4] if len(sys.argv) > 4 else ""
    answered = begun = longer = 0
    former = bytes(20)
    for _ in range(count):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
            end.bind((source, 0))
            end.connect(("127.0.0.1", port))
            random = os.urandom(32)
            sent = end.send(hello(random))
            end.settimeout(0.3 if mode else 0.02)
            try:
                answer = end.recv(2048)
            except OSError:
                continue
            cookie = cookie_of(answer)
            answered += cookie is not None
            longer += len(answer) > sent
            if mode and cookie:
                end.send(hello(random, former if mode == "forged" else cookie, 1))
                former = cookie
                try:
                    begun += is_server_hello(end.recv(2048))
                except OSError:
                    pass
    print(f"sent={count} answered={answered} begun={begun} longer={longer}")


main()
