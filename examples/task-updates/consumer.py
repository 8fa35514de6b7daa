"""Prints what becomes of tasks: a consumer of one's own, with nothing but HTTP."""

import base64, json, os
from http.server import BaseHTTPRequestHandler, HTTPServer


class Events(BaseHTTPRequestHandler):
    def do_POST(self):
        delivery = json.loads(self.rfile.read(int(self.headers["content-length"])))
        try:
            event = json.loads(base64.b64decode(delivery["data_base64"]))["data"]
            print(event["event_type"], event["payload"]["task_id"], event["event_id"], flush=True)
        except (KeyError, TypeError, ValueError) as error:
            print("passed over:", error, flush=True)  # an answer that is no success would block the partition
        self.send_response(200)
        self.end_headers()

    def do_GET(self):
        self.send_error(404)  # what Dapr asks for besides: nothing of it is here


HTTPServer(("127.0.0.1", int(os.environ.get("APP_PORT", "6001"))), Events).serve_forever()
