"""A function that runs in this process: the server reaches it as a remote endpoint. It remembers
every record it answered for, so that a skipped record shows; now and then it fails, or answers for
the first part of a batch only."""

import base64
import http.server
import json
import random
import threading

import payload


class FunctionDouble:
    """Remembers what it will have answered for before it answers."""

    def __init__(self, seed, lie):
        self.lock = threading.Lock()
        self.pick = random.Random(seed)
        self.lie = lie
        self.seen = {}  # producer -> bytearray: 1 at each number that was answered for
        self.newest = {}  # partition key -> the highest number first seen under it
        self.distinct = self.repeated = self.failed = self.cut_short = 0
        self.troubles = []
        double = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                error, answer = double.take(event["Records"])
                body = json.dumps(answer).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                if error:
                    self.send_header("X-Amz-Function-Error", "Unhandled")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass  # The server was killed in the middle of a call: that is the point.

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, records):
        """(whether it fails, what it answers)"""
        with self.lock:
            dice = self.pick.random()
            if dice < 0.01:
                self.failed += 1
                return True, {"errorMessage": "now and then it fails", "errorType": "Double"}
            answered = len(records)
            if dice < 0.03:
                answered = self.pick.randrange(len(records))
                self.cut_short += 1
            if not self.lie.forgets_batch():
                for record in records[:answered]:
                    self._note(record["kinesis"])
            failures = [{"itemIdentifier": record["kinesis"]["sequenceNumber"]}
                        for record in records[answered:answered + 1]]
            return False, {"batchItemFailures": failures}

    def _note(self, kinesis):
        who = payload.identify(base64.b64decode(kinesis["data"]))
        if who is None:
            self.troubles.append(f"OTHER BYTES: delivered {kinesis['sequenceNumber']}")
            return
        producer, number = who
        flags = self.seen.setdefault(producer, bytearray())
        if len(flags) <= number:
            flags.extend(bytes(number + 1024 - len(flags)))
        if flags[number]:
            self.repeated += 1
            return
        flags[number] = 1
        self.distinct += 1
        key = payload.key_of(producer, number)
        if self.newest.get(key, -1) > number:
            self.troubles.append(f"OUT OF ORDER: {producer} {number} was delivered for the first "
                                 f"time after {self.newest[key]} of the same key")
        self.newest[key] = max(number, self.newest.get(key, -1))

    def has_seen(self, producer, number):
        flags = self.seen.get(producer, b"")
        return number < len(flags) and flags[number] == 1

    def stop(self):
        self.server.shutdown()
