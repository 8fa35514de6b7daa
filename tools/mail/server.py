"""A real SMTP server for tests: aiosmtpd, and Python's own parser for what it was sent.

    server.py [--user USER --password PASSWORD] [--tls FOLDER]

Listens on a port of its own of 127.0.0.1 and says on standard output, a JSON object a line, first
{"port"}, then each letter as it was parsed. What it answers stands before the `@` of the recipient:

    later    451 the first time, and then the letter is taken
    never    550, with the recipient in the text
    busy     451 each time
    hang     nothing, ever

With --tls it takes letters after STARTTLS only, with a certificate of an authority of its own, whose
certificate it writes to FOLDER/ca.pem.
"""

import argparse
import asyncio
import datetime
import ipaddress
import ssl
import email
import email.policy
import json
import sys

from pathlib import Path

from aiosmtpd.smtp import SMTP, AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

seen = set()


def say(what):
    print(json.dumps(what), flush=True)


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        local = address.partition("@")[0]
        if local == "hang":
            await asyncio.Event().wait()
        if local == "never":
            return f"550 5.1.1 <{address}>: no such person"
        if local == "busy" or (local == "later" and address not in seen):
            seen.add(address)
            return "451 4.7.1 come again"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        letter = email.message_from_bytes(envelope.content, policy=email.policy.default)
        parts = [part for part in letter.walk() if not part.is_multipart()]
        say({
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "connection": session.peer[1],
            "signed_in": session.authenticated,
            "encrypted": session.ssl is not None,
            "headers": [[name, str(value)] for name, value in letter.items()],
            "type": letter.get_content_type(),
            "parts": {part.get_content_type(): part.get_content() for part in parts},
            "defects": [str(d) for part in letter.walk() for d in part.defects]
            + [str(d) for value in letter.values() for d in value.defects],
            "longest_line": max(len(line) for line in envelope.content.split(b"\r\n")),
            "raw": envelope.content.decode("utf-8", "replace"),
        })
        return "250 taken"


def certified(folder):
    """A context with a certificate for 127.0.0.1, and its authority's in a file."""
    now = datetime.datetime.now(datetime.timezone.utc)

    def certificate(name, key, issuer, issuers_key, extension):
        named = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)]) for text in (name, issuer)]
        builder = x509.CertificateBuilder().subject_name(named[0]).issuer_name(named[1])
        builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(now - datetime.timedelta(hours=1))
        builder = builder.not_valid_after(now + datetime.timedelta(days=1))
        return builder.add_extension(*extension).sign(issuers_key, hashes.SHA256())

    def pem(what):
        return what.public_bytes(serialization.Encoding.PEM)

    authority, own = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    is_authority = (x509.BasicConstraints(ca=True, path_length=None), True)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    roots = certificate("tests", authority, "tests", authority, is_authority)
    leaf = certificate("mail", own, "tests", authority, (x509.SubjectAlternativeName([address]), False))
    (folder / "ca.pem").write_bytes(pem(roots))
    key = own.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (folder / "own.pem").write_bytes(pem(leaf) + key)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "own.pem")
    return context


async def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--user")
    arguments.add_argument("--password")
    arguments.add_argument("--tls", type=Path)
    wanted = arguments.parse_args()

    def sign_in(server, session, envelope, mechanism, data):
        given = (data.login.decode(), data.password.decode())
        return AuthResult(success=given == (wanted.user, wanted.password), handled=False)

    options = {"hostname": "mail.example.test", "decode_data": False, "enable_SMTPUTF8": True}
    if wanted.user is not None:
        options |= {"authenticator": sign_in, "auth_required": True, "auth_require_tls": wanted.tls is not None}
    if wanted.tls is not None:
        options |= {"tls_context": certified(wanted.tls), "require_starttls": True}
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Handler(), **options), "127.0.0.1", 0)
    say({"port": server.sockets[0].getsockname()[1]})
    # Whoever started it is gone when its end of the pipe is.
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


asyncio.run(main())
