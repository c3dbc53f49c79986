"""What each fuzzer starts from: `SEEDS[target]`, inputs as bytes. tools/fuzz_corpus merges them with what was learned.

The targets of the engine take any bytes as choices: theirs are random, the same ones each time.
"""

import base64
import json
import random
import struct
import zlib

ARN = "arn:aws:kinesis:us-east-1:000000000000:stream/orders"
CUTS = b"\x10\x40\x08\x20\x60\x03\x02\x05"


def http():
    heads = [
        "GET /a%20b?x=1&y HTTP/1.1\r\nHost: localhost:4566\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nX-Amz-Target: Kinesis_20131202.PutRecord\r\nContent-Length: 2\r\n\r\n{}",
        "POST / HTTP/1.0\r\nConnection: keep-alive\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n",
        "PUT /? HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTrailer: t\r\n\r\n5;a=b\r\nhello\r\nA\r\n0123456789\r\n0\r\nt: 1\r\n\r\n",
        "POST / HTTP/1.1\r\nConnection: Upgrade, close\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    ]
    chunks = ["4\r\nabcd\r\n00\r\n\r\nGET", "fffffffffffffff\r\n", "1 ;x\r\na\r\n0\r\n" + "t: y\r\n" * 3 + "\r\n"]
    return [text.encode() + CUTS for text in heads + chunks]


def http2():
    def frame(kind, flags, stream, payload):
        return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload

    def literal(name, value):
        return b"\x00" + bytes([len(name)]) + name + bytes([len(value)]) + value

    # :method POST, :scheme http and :path / are 3, 6 and 4 of the table that both sides know.
    head = b"\x83\x86\x84" + literal(b":authority", b"localhost:4566") + literal(b"x-amz-target", b"Kinesis_20131202.PutRecord")
    settings, end, whole = frame(4, 0, 0, b""), 1, 4
    told = head + literal(b"content-length", b"2")
    texts = [
        settings + frame(1, whole | end, 1, head),
        settings + frame(1, whole, 1, told) + frame(0, end, 1, b"{}"),
        settings + frame(1, 0, 1, head[:20]) + frame(9, whole, 1, head[20:]) + frame(0, 0, 1, b"{") + frame(0, end, 1, b"}"),
        settings + frame(1, whole, 1, told) + frame(1, whole | end, 3, head) + frame(0, 8 | end, 1, b"\x03{}\0\0\0"),
        settings + frame(6, 0, 0, b"penstock") + frame(8, 0, 0, b"\0\1\0\0") + frame(1, whole, 1, head) + frame(3, 0, 1, b"\0\0\0\x08"),
        frame(4, 0, 0, struct.pack(">HIHI", 1, 0, 4, 100)) + frame(2, 0, 5, b"\0\0\0\0\x0f") + frame(7, 0, 0, bytes(8)),
    ]
    return [b"f" + text + CUTS for text in texts] + choices("http2")


def put_json():
    entry = '{"Data":"aGVsbG8=","PartitionKey":"k"}'
    bodies = [
        'm{"StreamName":"orders","Records":[%s]}' % entry,
        'm{"Records":[%s,{"PartitionKey":"é","ExplicitHashKey":"170141183460469231731687303715884105728","Data":""}],'
        '"StreamARN":"%s"}' % (entry, ARN),
        'm{"StreamName":"o","Records":[{"Data":"aGk=","PartitionKey":"a\\u0022b","Data":"aGo="}],"DryRun":true}',
        'm {"StreamId":"abcdefghij0123456789-abc", "Records" : [ %s , null ] }' % entry,
        'r{"StreamName":"orders","Data":"%s","PartitionKey":"k","SequenceNumberForOrdering":"0"}'
        % base64.b64encode(bytes(range(64))).decode(),
        'r{"Data":"aGk=","PartitionKey":"k","ExplicitHashKey":"0","StreamARN":"%s"}' % ARN,
    ]
    return [body.encode() for body in bodies]


def head(major, value):
    if value < 24:
        return bytes([major << 5 | value])
    for info, form in ((24, ">B"), (25, ">H"), (26, ">I"), (27, ">Q")):
        if value < 256 ** struct.calcsize(form):
            return bytes([major << 5 | info]) + struct.pack(form, value)
    raise ValueError(value)


def as_cbor(value, definite):
    """Of dict, list, str, bytes, bool, None, int and float; lists and maps of definite length or not."""
    if isinstance(value, bool) or value is None:
        return {False: b"\xf4", True: b"\xf5", None: b"\xf6"}[value]
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, float):
        return b"\xfb" + struct.pack(">d", value)
    if isinstance(value, (str, bytes)):
        raw = value.encode() if isinstance(value, str) else value
        return head(3 if isinstance(value, str) else 2, len(raw)) + raw
    items = [as_cbor(item, definite) for pair in value.items() for item in pair] if isinstance(value, dict) else [
        as_cbor(item, definite) for item in value]
    major = 5 if isinstance(value, dict) else 4
    if definite:
        return head(major, len(value)) + b"".join(items)
    return bytes([major << 5 | 31]) + b"".join(items) + b"\xff"


def put_cbor():
    entry = {"Data": b"hello", "PartitionKey": "k"}
    hashed = {"PartitionKey": "\u00e9\u20ac", "ExplicitHashKey": "12", "Data": b""}
    batch = [{"StreamName": "orders", "Records": [entry, hashed]}, {"Records": [entry], "StreamARN": ARN}]
    single = [dict(entry, StreamName="orders", SequenceNumberForOrdering="0"), dict(hashed, StreamARN=ARN, DryRun=True)]
    return [first + as_cbor(body, definite) for definite in (True, False)
            for first, bodies in ((b"m", batch), (b"r", single)) for body in bodies]


TREES = [
    {"a": [1, -1, 1.5, "\u00e9", None, True, {}], "a\n\"\\": [[[]]]},
    [0, 2**63, -(2**63) - 1, 2**64 - 1, 1e300, -0.0, 5e-324],
    "\U0001F600 text",
    {"timestamp": 1.7e9, "x": {"y": {"z": False}}},
]


def json_texts():
    odd = ['"\\ud83d\\ude00\\/\\b"', " [1e5 , 1E-5,-0,0.10]\n", "1e400", '{"a":1,"a":2}', "[" * 20 + "]" * 20, "tru", "01",
           "[" + "7," * 220 + "{}]", '{"a":[' + ",".join(['{"b":"\\\\"}'] * 60) + "]}"]
    return [json.dumps(tree, ensure_ascii=i % 2 == 0).encode() for i, tree in enumerate(TREES)] + [o.encode() for o in odd]


def cbor():
    halves = [b"\xf9\x3c\x00", b"\xf9\x7e\x00", b"\xfa\x7f\x80\x00\x00", b"\xf9\x00\x01"]
    odd = [b"\xc1\x1a\x65\x00\x00\x00", b"\xd9\xd9\xf7\x80", b"\x7f\x61a\x62bc\xff", b"\x5f\x41\x00\x40\xff", b"\xf7",
           b"\x3b" + b"\xff" * 8]
    trees = [tree for tree in TREES if not (isinstance(tree, list) and 2**63 in tree)]
    return [as_cbor(tree, definite) for tree in trees for definite in (True, False)] + halves + odd


def b64():
    return [base64.b64encode(bytes(range(n))) for n in (0, 1, 2, 3, 12, 16, 47, 48, 60, 100)] + [b"a===", b"aB==", b"a\nk="]


def digests():
    return [bytes([cut]) + bytes(i * 37 % 251 for i in range(size))
            for cut, size in ((0, 0), (1, 1), (5, 55), (64, 56), (3, 63), (64, 64), (100, 119), (200, 300))]


def filters():
    rules = ['"x"', "300", "true", "null", '{"prefix":"a"}', '{"suffix":{"equals-ignore-case":"B"}}', '{"exists":false}',
             '{"wildcard":"a*b\\\\*c"}', '{"numeric":[">",1,"<=",5]}', '{"cidr":"10.0.0.0/8"}', '{"equals-ignore-case":"Ab"}',
             '{"anything-but":["x","y"]}', '{"anything-but":{"prefix":["a","b"]}}', '{"anything-but":{"wildcard":"*a"}}']
    data = '{"a":["x",300,true,null,"abc","AB*c",2.5,"10.1.2.3"],"b":{"c":"x"}}'
    flat = '["x",300,true,null,"abc","ab*c",4.5,"10.1.2.3","b"]'
    lines = [(f'{{"data":{{"a":[{rule}]}}}}', '{"partitionKey":["k"]}', data) for rule in rules]
    lines += [(f'{{"data":[{rule}]}}', '{"data":{"b":{"c":[{"exists":true}]}}}', flat) for rule in rules]
    lines.append(('{"data":{"$or":[{"a":["x"]},{"b":{"c":["y"]}}]}}', '{"awsRegion":[{"prefix":"us-"}]}', data))
    return ["\n".join(three).encode() for three in lines]


def credentials():
    scope = "AKIDEXAMPLE/20260101/us-east-1/kinesis/aws4_request"
    header = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host;x-amz-date, Signature=00ff"
    query = ("X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20260101T000000Z&X-Amz-SignedHeaders=host%3Bx-amz-date"
             f"&X-Amz-Signature=00ff&X-Amz-Credential={scope.replace('/', '%2F')}")
    return [text.encode() for text in (header, header.replace(", ", ","), header.replace("AKID", "a/b"), query,
                                       query.replace("&X-Amz-Date", "&&X%2DAmz%2DDate"))]


def sigv4():
    targets = ["a/./b//c%20d/?x=1&y=%41+b&y=&&=z", "", "..?%zz&a-b=1&a=2&a", "/%2F/é?X=/~.-_", "2015-03-31/functions/f/invocations"]
    headers = ["x-y: a  b \nx-y:c\naccept:\n", "", "content-type:application/x-amz-json-1.1\n", "a:\t\t1\nb: \n", "z:1\ny:2\n"]
    return [f"{target}\n{header}\n{{}}".encode() + bytes([i * 3, 1 << i])
            for i, (target, header) in enumerate(zip(targets, headers))]


def frames():
    def frame(kind, body):
        body += b"\0" * (-len(body) % 8)
        return struct.pack("<II", 8 + len(body), kind) + body

    def text(value):
        return struct.pack("<I", len(value)) + value

    records = struct.pack("<QIIQq", 7, 0, 2, 1, 5) + b"".join(
        struct.pack("<IH", len(data), 1) + b"k" + data for data in (b"hello", b""))
    return [
        frame(1, records) + frame(8, struct.pack("<Q", 3)),
        frame(2, struct.pack("<QI", 4, 2) + b"\0" + text(b"a") + text(b"value") + b"\1" + text(b"b") + text(b"")),
        frame(3, struct.pack("<QI", 4, 2) + b"\1" + text(b"a") + text(b"value") + b"\0" + text(b"b") + text(b"")),
        frame(4, struct.pack("<QI", 7, 2)) + frame(5, struct.pack("<QIQ", 7, 0, 3)) + frame(6, struct.pack("<QIQ", 7, 1, 2)),
        frame(7, struct.pack("<Q", 7)) + frame(9, struct.pack("<QIQQQqQQ", 7, 0, 1, 5, 4, 9, 0, 0)),
        frame(10, struct.pack("<QQ", 2, 40)),
    ]


def aggregated_record():
    """Messages without magic and sum, which the target makes, and one envelope whole."""
    def field(number, data):
        return bytes([number << 3 | 2, len(data)]) + data

    def record(key, data, hashed=None, more=b""):
        return field(3, bytes([8, key]) + (b"" if hashed is None else bytes([16, hashed])) + field(3, data) + more)

    keys = field(1, b"a") + field(1, b"key two")
    hashes = field(2, b"170141183460469231731687303715884105728") + field(2, b"007")
    tag = field(4, field(1, b"name") + field(2, b"value"))
    plain = keys + record(0, b"hello") + record(1, b"")
    whole = bytes.fromhex("f3899ac20a01610a01621a0908001a0568656c6c6f1a0908011a05776f726c647cf45228cd79941b056e6743990bf8ab")
    odd = [b"\x2b\x33\x08\x01\x34\x2c", b"\x1a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", b"\x311234567\x38\x3d1234\x28\x05"]
    return [plain, keys + hashes + record(1, b"x" * 90, 0) + record(0, b"y", 1, tag), record(0, b"d") + keys, whole
            ] + [plain + more for more in odd]


def event_stream():
    def header(name, value):
        return bytes([len(name)]) + name + b"\x07" + struct.pack(">H", len(value)) + value

    def message(headers, payload):
        prelude = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
        body = prelude + struct.pack(">I", zlib.crc32(prelude)) + headers + payload
        return body + struct.pack(">I", zlib.crc32(body))

    event = header(b":message-type", b"event")
    first = message(event + header(b":event-type", b"initial-response"), b"")
    batch = message(event + header(b":event-type", b"SubscribeToShardEvent") + header(b":content-type", b"application/json"),
                    b'{"Records":[],"ContinuationSequenceNumber":"4959","MillisBehindLatest":0}')
    fixed = b"".join(bytes([1]) + bytes([97 + kind, kind]) + bytes(size)
                     for kind, size in ((0, 0), (1, 0), (2, 1), (3, 2), (4, 4), (5, 8), (8, 8), (9, 16)))
    many = message(fixed + b"\x01g\x06\x00\x03abc", b"\0\xff")
    return [b"0" + first + batch, b"1" + first + many, b"1" + bytes(16), b"1" + many[:20] + bytes(60), b"0" + batch[:100]]


def choices(target):
    rng = random.Random(target)
    return [rng.randbytes(size) for size in (16, 50, 100, 200, 400, 800)]


SEEDS = {
    "aggregated_record": aggregated_record(),
    "base64": b64(),
    "cbor": cbor(),
    "credentials": credentials(),
    "digests": digests(),
    "event_stream": event_stream(),
    "filter": filters(),
    "frames": frames(),
    "http": http(),
    "http2": http2(),
    "json": json_texts(),
    "put_cbor": put_cbor(),
    "put_json": put_json(),
    "sigv4": sigv4(),
} | {target: choices(target) for target in ("journal", "recovery", "segment", "snapshot")}
