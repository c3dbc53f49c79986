"""Serves moto's DynamoDB and CloudWatch on a free port of the loopback, which it prints: dynamodb.py FOLDER_WITH_MOTO."""

import sys

sys.path.insert(0, sys.argv[1])

from moto.server import DomainDispatcherApplication, create_backend_app  # noqa: E402
from werkzeug.serving import make_server  # noqa: E402

server = make_server("127.0.0.1", 0, DomainDispatcherApplication(create_backend_app), threaded=True)
print(f"http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
