"""Statistics of a batch of earthquakes, printed as one line when the batch is done."""

import base64
import collections
import json
import sys


def handler(event, context):
    quakes = [json.loads(base64.b64decode(r["kinesis"]["data"])) for r in event["Records"]]
    networks = collections.Counter(quake["net"] for quake in quakes)
    strongest = max(quakes, key=lambda quake: quake["mag"])
    result = {
        "count": len(quakes),
        "rms_mean": sum(quake["rms"] for quake in quakes) / len(quakes),
        "mag_mean": sum(quake["mag"] for quake in quakes) / len(quakes),
        "felt_reports": sum(quake["felt"] or 0 for quake in quakes),
        "networks": dict(networks),
        "strongest": {"mag": strongest["mag"], "title": strongest["title"]},
        "first": event["Records"][0]["eventID"],
        "last": event["Records"][-1]["eventID"],
    }
    print("RESULT " + json.dumps(result))
    sys.stdout.flush()
    return result
