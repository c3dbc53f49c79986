"""Functions that run in the test process: the server reaches them as it reaches containers.

    orders = remote.add(name, lambda event, call: None)   # what the handler returns is the reply
    create_remote(server, name, orders)                   # as PackageType Image
    orders.events                                         # every event so far, parsed
"""

import http.server
import json
import threading

from kit import ROLE, wait_function


class Failure(Exception):
    """Raised by a handler: the function failed (FunctionError Unhandled)."""


class Unreachable(Exception):
    """Raised by a handler: the endpoint answers 503; the function was not invoked."""


class Remote:
    """One function: its handler and what it was called with."""

    def __init__(self, url, handler):
        self.url = url
        self.handler = handler
        self.events = []
        self.headers = []
        self._lock = threading.Lock()

    def serve(self, event, headers):
        with self._lock:
            self.events.append(event)
            self.headers.append(headers)
            call = len(self.events)
        return self.handler(event, call)

    @property
    def batches(self):
        """The data of every invocation's records, as text."""
        return [[text_of(record) for record in event["Records"]] for event in list(self.events)]

    @property
    def received(self):
        """The data of all records, in the order of arrival."""
        return [text for batch in self.batches for text in batch]


def text_of(record):
    import base64
    return base64.b64decode(record["kinesis"]["data"]).decode("utf-8", "replace")


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        remote = self.server.remotes[self.path]
        status, extra = 200, {}
        try:
            reply = remote.serve(json.loads(body), dict(self.headers))
        except Failure as failure:
            extra = {"X-Amz-Function-Error": "Unhandled"}
            reply = {"errorMessage": str(failure), "errorType": "Failure"}
        except Unreachable:
            status, reply = 503, None
        data = reply if isinstance(reply, bytes) else json.dumps(reply).encode()
        try:
            self.send_response(status)
            for name, value in {"Content-Length": str(len(data)), **extra}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)
        except OSError:
            pass  # The server under test was killed, which some tests do.

    def log_message(self, *_):
        pass


class Remotes:
    """The endpoint of all of a session's functions, one path each."""

    def __init__(self):
        self._http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._http.daemon_threads = True
        self._http.remotes = {}
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def add(self, name, handler=lambda event, call: None):
        path = f"/{name}"
        remote = Remote(f"http://127.0.0.1:{self._http.server_port}{path}", handler)
        self._http.remotes[path] = remote
        return remote

    def stop(self):
        self._http.shutdown()
        self._http.server_close()


def create_remote(server, name, remote, **more):
    """The function of that name, behind the remote's URL; returns when it is Active."""
    more = {"Timeout": 60, **more}
    server.functions.create_function(FunctionName=name, PackageType="Image", Role=ROLE,
                                     Code={"ImageUri": remote.url}, **more)
    wait_function(server, name)
