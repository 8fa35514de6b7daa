"""Who asks, and for which things: an account that the test has prepared, with one of everything."""

import json
import os
import uuid

import requests
import schemathesis

API = os.environ["API"]
# By operation: the ids in the document's examples, and what they are here.
IDS = json.loads(os.environ["EXAMPLE_IDS"])
TOKEN, TOKEN_ID = os.environ["TOKEN"], os.environ["TOKEN_ID"]
PASSWORD = "correct horse battery"
# Operations after which something is missing that all others need.
ENDINGS = ("deleteAccount", "endSession")


class Account:
    """Somebody who is there to lose a session, or all; the document's example knows the password."""

    def __init__(self):
        browser = requests.Session()
        person = {"email": f"{uuid.uuid4()}@example.test", "password": PASSWORD}
        browser.post(f"{API}/auth/register", json=person).raise_for_status()
        token = browser.post(f"{API}/tokens", json={"name": "all", "scopes": ["account"]})
        token.raise_for_status()
        self.token = token.json()["token"]
        self.session_id = browser.get(f"{API}/sessions").json()["items"][0]["id"]


doomed = None


def operation(case):
    return case.operation.definition.raw["operationId"]


@schemathesis.serializer("application/zip", "text/calendar")
def as_bytes(context, value):
    """A file is what it is."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")


@schemathesis.deserializer("text/calendar")
def as_text(context, response):
    return response.content.decode()


@schemathesis.auth(refresh_interval=None)
class Token:
    def get(self, case, context):
        global doomed
        if operation(case) not in ENDINGS:
            return TOKEN
        doomed = doomed or Account()
        return doomed.token

    def set(self, case, token, context):
        case.headers = case.headers or {}
        case.headers["Authorization"] = f"Bearer {token}"


@schemathesis.hook
def before_call(context, case, kwargs):
    ids = IDS.get(operation(case), {})
    if operation(case) == "endSession" and doomed:
        ids = dict.fromkeys(ids, doomed.session_id)
    # The run goes on with its token.
    case.path_parameters = here(case.path_parameters, ids | {TOKEN_ID: str(uuid.UUID(int=0))})
    case.body = here(case.body, ids)


@schemathesis.hook
def after_call(context, case, response):
    global doomed
    if operation(case) in ENDINGS and response.status_code == 204:
        doomed = None


def here(value, ids):
    """The same with the ids of what is here."""
    if isinstance(value, dict):
        return {name: here(part, ids) for name, part in value.items()}
    if isinstance(value, list):
        return [here(part, ids) for part in value]
    return ids.get(value, value) if isinstance(value, str) else value
