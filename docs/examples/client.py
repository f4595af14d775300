"""Classifies one picture through a Twinlens gateway: client.py PHOTO [ws://HOST:PORT]

Written from docs/protocol.md. Needs the package websockets.
"""
import json
import struct
import sys
from pathlib import Path

from websockets.sync.client import connect

path = Path(sys.argv[1])
address = sys.argv[2] if len(sys.argv) > 2 else "ws://localhost:8080"
encoding = {".png": "png", ".webp": "webp", ".avif": "avif"}.get(path.suffix, "jpeg")
message = {"type": "classify", "id": "1", "top": 5, "image": {"encoding": encoding}}
header = json.dumps(message).encode()
frame = struct.pack("<I", len(header)) + header + path.read_bytes()

with connect(address + "/v1/stream", subprotocols=["twinlens.v1"]) as socket:
    welcome = json.loads(socket.recv(timeout=10))
    if len(frame) > welcome["limits"]["maxBytes"]:
        sys.exit(f"The gateway takes {welcome['limits']['maxBytes']} bytes at most.")
    socket.send(frame)
    answer = {}
    while answer.get("type") not in ("result", "error"):
        answer = json.loads(socket.recv(timeout=30))

if answer["type"] == "error":
    sys.exit(f"{answer['code']}: {answer['message']}")
for prediction in answer["predictions"]:
    print(f"{prediction['score']:.4f}  {prediction['label']}")
