"""The function of bench/load's `deliver`, in Python: reports each record to the port it names."""

import base64
import socket

REPORTS = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)


def handler(event, context):
    for record in event.get("Records", []):
        port, number, _ = base64.b64decode(record["kinesis"]["data"]).split(b" ", 2)
        REPORTS.sendto(number, ("127.0.0.1", int(port)))
    return {}
