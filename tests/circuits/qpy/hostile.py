"""QPY that no reader should trust: for the tests of the reader, and for those over the wire."""

from __future__ import annotations

import base64
import gzip
import json
import random
import struct
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"


def file(version: int, name: str) -> bytes:
    """One of Qiskit's own, as it is."""
    return _corpus(f"v{version}")[name]


def _corpus(name: str) -> dict[str, bytes]:
    records = json.loads((CORPUS / f"{name}.json").read_text())
    return {key: base64.b64decode(record["qpy"]) for key, record in records.items()}


def other_version(version: int) -> bytes:
    return struct.pack("!6sBBBBQc", b"QISKIT", version, 2, 0, 0, 1, b"p") + b"q"


def schedule() -> bytes:
    """A pulse schedule."""
    return struct.pack("!6sBBBBQc", b"QISKIT", 10, 0, 45, 0, 1, b"p") + b"s"


def bomb(size: int = 50_000_000) -> bytes:
    return gzip.compress(b"QISKIT" + bytes(size))


def uncovered(count: int) -> bytes:
    """It says that it has so many programs, and has one."""
    data = bytearray(file(13, "custom"))
    struct.pack_into("!Q", data, 10, count)
    return bytes(data)


def many_rounds() -> bytes:
    """A loop of 2^62 rounds."""
    data = bytearray(file(17, "for"))
    place = data.index(struct.pack("!qqq", 0, 4, 1))
    struct.pack_into("!qqq", data, place, 0, 1 << 62, 1)
    return bytes(data)


def own_base() -> bytes:
    """The base of a controlled gate may name any definition; this one names itself."""
    name = b"c_0"
    base = struct.pack("!HHHIIBHqII", len(name), 0, 0, 2, 0, 0, 0, 0, 1, 1) + name
    definition = struct.pack("!HcII?QIIQ", len(name), b"c", 2, 0, False, 0, 0, 1, len(base))
    call = struct.pack("!HHHIIBHqII", len(name), 0, 0, 2, 0, 0, 0, 0, 1, 1) + name
    call += struct.pack("!cIcI", b"q", 0, b"q", 1)
    head = struct.pack("!HcHIIQIQI", 1, b"f", 8, 2, 0, 2, 0, 1, 0) + b"a" + bytes(8) + b"{}"
    data = struct.pack("!6sBBBBQc", b"QISKIT", 13, 2, 0, 0, 1, b"p") + b"q" + head
    return data + struct.pack("!Q", 1) + definition + name + base + call + bytes(2)


def refused() -> dict[str, bytes]:
    """Some of each kind, all of which are to be refused."""
    found = {f"version {version}": other_version(version) for version in (0, 9, 19, 255)}
    found |= {
        "empty": b"",
        "a magic number alone": b"QISKIT",
        "no QPY": bytes(range(256)),
        "schedule": schedule(),
        "bomb": bomb(),
        "rounds": many_rounds(),
        "own base": own_base(),
    }
    found |= {f"{count:,} programs": uncovered(count) for count in (4_000, 1 << 60)}
    found |= {f"unread {name}": data for name, data in _corpus("refused").items()}
    found |= {f"evaluated {name}": data for name, data in _corpus("refused12").items()}
    for version in (13, 17, 18):
        data = file(version, "custom-controlled")
        for part in (3, 7, 11, 13):
            found[f"v{version}, {part} of 16 parts"] = data[: len(data) * part // 16]
    return found


def changed(count: int) -> dict[str, bytes]:
    """Files of which some bytes are others: most mean nothing, and some still do."""
    found = {}
    for seed in range(count):
        chance = random.Random(seed)
        version = chance.choice((13, 16, 17, 18))
        data = bytearray(file(version, chance.choice(("registers", "switch", "for"))))
        for _ in range(chance.randint(1, 4)):
            start = chance.randrange(len(data))
            new = chance.randbytes(chance.randint(1, 9))
            data[start : start + len(new)] = new
        found[f"v{version}, seed {seed}"] = bytes(data)
    return found
