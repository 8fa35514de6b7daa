"""A real SMTP server for tests: aiosmtpd, and Python's own parser for what it was sent.

    server.py [--user USER --password PASSWORD]

Listens on a port of its own of 127.0.0.1 and says on standard output, a JSON object a line, first
{"port"}, then each letter as it was parsed. What it answers stands before the `@` of the recipient:

    later    451 the first time, and then the letter is taken
    never    550, with the recipient in the text
    busy     451 each time
    hang     nothing, ever
"""

import argparse
import asyncio
import email
import email.policy
import json
import sys

from aiosmtpd.smtp import SMTP, AuthResult

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
            "signed_in": session.authenticated,
            "headers": [[name, str(value)] for name, value in letter.items()],
            "type": letter.get_content_type(),
            "parts": {part.get_content_type(): part.get_content() for part in parts},
            "defects": [str(d) for part in letter.walk() for d in part.defects]
            + [str(d) for value in letter.values() for d in value.defects],
            "longest_line": max(len(line) for line in envelope.content.split(b"\r\n")),
            "raw": envelope.content.decode("utf-8", "replace"),
        })
        return "250 taken"


async def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--user")
    arguments.add_argument("--password")
    wanted = arguments.parse_args()

    def sign_in(server, session, envelope, mechanism, data):
        given = (data.login.decode(), data.password.decode())
        return AuthResult(success=given == (wanted.user, wanted.password), handled=False)

    options = {"hostname": "mail.example.test", "decode_data": False, "enable_SMTPUTF8": True}
    if wanted.user is not None:
        options |= {"authenticator": sign_in, "auth_required": True, "auth_require_tls": False}
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Handler(), **options), "127.0.0.1", 0)
    say({"port": server.sockets[0].getsockname()[1]})
    # Whoever started it is gone when its end of the pipe is.
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


asyncio.run(main())
