"""A push service and the browser behind it, for tests: it takes what RFC 8030, 8291, 8188 and 8292 allow, and
opens it as a browser does, by http_ece and OpenSSL.

    service.py

Listens on a port of its own of 127.0.0.1 and says on standard output, a JSON object a line, first
{"port", "p256dh", "auth"}, the browser's side of a subscription, then each message as it was opened, or why
it can't be. What it answers stands in the path:

    /ok       201
    /gone     410, /missing 404: the subscription has ended
    /busy     429 with Retry-After: 3600
"""

import base64
import json
import os
import struct
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import http_ece
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

LARGEST_BODY = 4096
DAY_SECS = 24 * 3600
browser = ec.generate_private_key(ec.SECP256R1())
auth = os.urandom(16)


def encoded(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decoded(text):
    if "=" in text:
        raise ValueError("base64url without padding is what the RFCs ask for")
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def say(what):
    print(json.dumps(what), flush=True)


def public_point(key):
    return key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


def vapid(authorization, origin):
    """The claims of RFC 8292, after the signature has been checked, and the key that made it."""
    scheme, _, parameters = authorization.partition(" ")
    given = dict(part.strip().split("=", 1) for part in parameters.split(","))
    if scheme != "vapid" or set(given) != {"t", "k"}:
        raise ValueError("no vapid")
    head, claims, signature = given["t"].split(".")
    if json.loads(decoded(head)) != {"typ": "JWT", "alg": "ES256"}:
        raise ValueError("another algorithm")
    raw = decoded(signature)
    if len(raw) != 64:
        raise ValueError("an ES256 signature has 64 bytes")
    r, s = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decoded(given["k"]))
    signed = f"{head}.{claims}".encode()
    key.verify(utils.encode_dss_signature(r, s), signed, ec.ECDSA(hashes.SHA256()))
    claims = json.loads(decoded(claims))
    if claims["aud"] != origin:
        raise ValueError(f"for {claims['aud']}, and this is {origin}")
    if not 0 < claims["exp"] - time.time() <= DAY_SECS:
        raise ValueError("expires now, or in more than a day")
    return claims, given["k"]


def opened(request, body, origin):
    if request.headers["Content-Encoding"] != "aes128gcm":
        raise ValueError("another encoding")
    if len(body) > LARGEST_BODY:
        raise ValueError(f"{len(body)} bytes")
    claims, key = vapid(request.headers["Authorization"], origin)
    text = http_ece.decrypt(body, private_key=browser, auth_secret=auth, version="aes128gcm")
    (record_size,) = struct.unpack("!L", body[16:20])
    # RFC 8291, 4: greater than text, delimiter and tag together.
    if record_size <= len(text) + 17:
        raise ValueError(f"a record of {record_size} for {len(text)} bytes")
    return {
        "path": request.path,
        "ttl": request.headers["TTL"],
        "urgency": request.headers["Urgency"],
        "topic": request.headers["Topic"],
        "claims": claims,
        "key": key,
        "salt": encoded(body[:16]),
        "bytes": len(body),
        "text": text.decode(),
    }


class Service(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        origin = f"http://{self.headers['Host']}"
        try:
            message = opened(self, body, origin)
        except Exception as error:
            say({"refused": f"{type(error).__name__}: {error}"})
            return self.answer(400)
        say(message)
        self.answer({"/ok": 201, "/gone": 410, "/missing": 404, "/busy": 429}[self.path])

    def answer(self, status):
        self.send_response(status)
        if status == 429:
            self.send_header("Retry-After", "3600")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
threading.Thread(target=server.serve_forever, daemon=True).start()
say({
    "port": server.server_address[1],
    "p256dh": encoded(public_point(browser.public_key())),
    "auth": encoded(auth),
})
# Whoever started it is gone when its end of the pipe is.
sys.stdin.read()
