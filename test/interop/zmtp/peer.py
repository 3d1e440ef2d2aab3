"""A pyzmq socket driven by lines of JSON on stdin; answers with lines of JSON on stdout.

{"do": "open", "type": "SUB", "bind"|"connect": ENDPOINT, "options": {NAME: VALUE}, "topics": [..]}
{"do": "send", "frames": [HEX, ..]}   {"do": "recv", "count": N}   {"do": "close"}
{"do": "flood", "count": N, "size": N}   N messages, numbered in their first 8 bytes
"""
import json
import struct
import sys
import zmq
import zmq.auth
from zmq.auth.thread import ThreadAuthenticator

context = zmq.Context()
socket = None
authenticator = None


def value(option):
    return option.encode() if isinstance(option, str) else option


def open_socket(order):
    global socket, authenticator
    if "passwords" in order or "any_curve" in order or "curve_keys" in order:
        authenticator = ThreadAuthenticator(context)
        authenticator.start()
        if "passwords" in order:
            authenticator.configure_plain(domain="*", passwords=order["passwords"])
        else:
            keys = order.get("curve_keys", zmq.auth.CURVE_ALLOW_ANY)
            authenticator.configure_curve(domain="*", location=keys)
    socket = context.socket(getattr(zmq, order["type"]))
    socket.rcvtimeo = 20_000
    socket.sndtimeo = 20_000
    for name, option in order.get("options", {}).items():
        socket.setsockopt(getattr(zmq, name), value(option))
    for topic in order.get("topics", []):
        socket.subscribe(topic)
    if "bind" in order:
        socket.bind(order["bind"])
        return socket.getsockopt_string(zmq.LAST_ENDPOINT)
    socket.connect(order["connect"])
    return order["connect"]


def run(order):
    do = order["do"]
    if do == "open":
        return open_socket(order)
    if do == "send":
        socket.send_multipart([bytes.fromhex(frame) for frame in order["frames"]])
        return None
    if do == "recv":
        return [[f.hex() for f in socket.recv_multipart()] for _ in range(order["count"])]
    if do == "flood":
        for number in range(order["count"]):
            socket.send(struct.pack(">Q", number) + b"x" * (order["size"] - 8))
        return None
    if do == "numbers":
        return [struct.unpack(">Q", socket.recv()[:8])[0] for _ in range(order["count"])]
    socket.close(linger=1000)
    return None


for line in sys.stdin:
    try:
        answer = {"value": run(json.loads(line))}
    except Exception as error:  # whatever it is, the test is to see it
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
if authenticator:
    authenticator.stop()
context.destroy(linger=0)
