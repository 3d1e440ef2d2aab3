"""A Threat Bus app of few lines over pyzmq, driven by JSON lines on standard input.

{"do": "subscribe", "topics": [...], "snapshot": 0, "provide": [...]}  also answers SnapshotRequests
{"do": "publish", "topic": "stix2/indicator", "messages": [...]}
{"do": "unsubscribe"} {"do": "heartbeat"}
Prints one JSON line for each thing that happens.
"""
import json
import sys
import threading

import zmq

host, manage = sys.argv[1].split(":")
context = zmq.Context()
state = {}


def say(**what):
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def request(**message):
    socket = context.socket(zmq.REQ)
    socket.setsockopt(zmq.LINGER, 0)
    socket.setsockopt(zmq.RCVTIMEO, 10000)
    socket.connect(f"tcp://{host}:{manage}")
    socket.send_json(message)
    reply = socket.recv_json()
    socket.close()
    return reply


def publisher(port):
    socket = context.socket(zmq.XPUB)  # a PUB that hears what the broker subscribes to
    socket.setsockopt(zmq.SNDHWM, 0)
    socket.setsockopt(zmq.LINGER, 10000)
    socket.connect(f"tcp://{host}:{port}")
    for _ in ("stix2/", "threatbus/snapshotenvelope"):
        socket.recv()
    return socket


def receive(port, topic, provide):
    socket = context.socket(zmq.SUB)
    socket.setsockopt(zmq.RCVHWM, 0)
    socket.setsockopt(zmq.SUBSCRIBE, topic.encode())
    monitor = socket.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED)
    socket.connect(f"tcp://{host}:{port}")
    monitor.recv_multipart()
    socket.disable_monitor()
    threading.Event().wait(0.2)  # nothing tells a SUB when its subscription is in force
    answers = publisher(state["sub_port"]) if provide else None
    say(subscribed=topic)
    while True:
        kind, body = socket.recv().decode()[len(topic):].split(" ", 1)
        say(received=kind, body=body)
        if kind == "snapshotrequest" and answers is not None:
            asked = json.loads(body)
            for item in provide:
                if item["type"] != ("indicator", "sighting")[asked["snapshot_type"] - 1]:
                    continue
                envelope = {"type": "snapshotenvelope", "snapshot_type": asked["snapshot_type"],
                            "snapshot_id": asked["snapshot_id"], "body": item}
                answers.send_string("threatbus/snapshotenvelope " + json.dumps(envelope))


for line in sys.stdin:
    command = json.loads(line)
    if command["do"] == "subscribe":
        topics = command["topics"]
        reply = request(action="subscribe", topic=topics[0] if len(topics) == 1 else topics,
                        snapshot=command.get("snapshot", 0))
        state.update(reply)
        threading.Thread(target=receive, daemon=True,
                         args=(reply["pub_port"], reply["topic"], command.get("provide", []))).start()
    elif command["do"] == "publish":
        if "pub" not in state:
            if "sub_port" not in state:
                grant = request(action="subscribe", topic="none", snapshot=0)
                request(action="unsubscribe", topic=grant["topic"])
                state.update(sub_port=grant["sub_port"])
            state["pub"] = publisher(state["sub_port"])
        for message in command["messages"]:
            state["pub"].send_string(command["topic"] + " " + message)
        say(published=len(command["messages"]))
    else:
        say(reply=request(action=command["do"], topic=command.get("topic", state.get("topic"))))
