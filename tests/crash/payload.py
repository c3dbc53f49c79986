"""What records hold. The bytes follow from producer, number and size, which stand at the
beginning, so that whoever reads a record can tell every bit of it without having kept it."""

import random

_POOL = random.Random(20261125).randbytes(1 << 20)
KEYS = 7  # Partition keys of a producer.


def make(producer, number, size):
    start = number * 7919 % (len(_POOL) // 2)
    return b"%s:%d:%d:" % (producer.encode(), number, size) + _POOL[start:start + size]


def identify(data):
    """(producer, number) of a record; None when one bit of it is not as it was made."""
    parts = bytes(data).split(b":", 3)
    try:
        producer, number, size = parts[0].decode(), int(parts[1]), int(parts[2])
    except (IndexError, ValueError):
        return None
    return (producer, number) if data == make(producer, number, size) else None


def key_of(producer, number):
    return f"{producer}{number % KEYS}"
