"""A publisher and a subscriber over pyzmq: peer.py MANAGE_PORT MESSAGES TYPE.

Prints one line of JSON: messages a second from the first one published to the last one
received ("rate"), and which numbers did not come ("lost") or came again ("twice"). When
nothing comes for PATIENCE seconds the rest counts as lost. Where the bus does not even get
so far, {"stuck": "what was waited for"}.
"""
import json
import multiprocessing
import os
import sys
import time

import zmq

manage, count, kind = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
HOST = "tcp://127.0.0.1"
PATIENCE = 15  # s without a message


def say(**what):
    print(json.dumps(what), flush=True)


def give_up(waited_for):
    for child in multiprocessing.active_children():
        child.kill()
    say(stuck=waited_for)
    os._exit(1)


def ask(**request):
    socket = zmq.Context.instance().socket(zmq.REQ)
    socket.setsockopt(zmq.RCVTIMEO, PATIENCE * 1000)
    socket.setsockopt(zmq.LINGER, 0)
    socket.connect(f"{HOST}:{manage}")
    socket.send_json(request)
    try:
        return socket.recv_json()
    except zmq.Again:
        give_up("the reply to " + request["action"])


def message(number):
    tail = "%012d" % number
    head = {"type": kind, "spec_version": "2.1", "id": f"{kind}--00000000-0000-4000-8000-{tail}",
            "created": "2026-11-21T10:00:00.123456Z", "modified": "2026-11-21T10:00:00.123456Z"}
    if kind == "indicator":
        head.update(pattern=f"[ipv4-addr:value = '10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}']",
                    pattern_type="stix", pattern_version="2.1", valid_from="2026-11-21T10:00:00.123456Z")
    else:
        head.update(last_seen="2026-11-21T10:00:00.123456Z",
                    sighting_of_ref="indicator--00000000-0000-4000-8000-000000000001",
                    x_threatbus_indicator_value="6.6.6.6", x_threatbus_match_type="LIVE",
                    x_threatbus_sighting_context={"timestamp": "2011-08-12T13:00:36.349948",
                                                  "src_ip": "147.32.84.165", "dest_ip": "6.6.6.6",
                                                  "event_type": "flow"})
    return f"stix2/{kind} {json.dumps(head)}".encode()


ID = f'"id": "{kind}--00000000-0000-4000-8000-'.encode()


def number_of(published):
    at = published.index(ID) + len(ID)
    return int(published[at:at + 12])


PROBE = 999_999_999_999


def publish(port, subscribed, go, started):
    messages = [message(number) for number in range(count)]
    socket = zmq.Context().socket(zmq.XPUB)  # a PUB that hears what the broker subscribes to
    socket.setsockopt(zmq.SNDHWM, 0)
    socket.connect(f"{HOST}:{port}")
    for _ in ("stix2/", "threatbus/snapshotenvelope"):
        socket.recv()
    subscribed.set()
    # Nothing tells a SUB when its subscription is in force: until something comes.
    while not go.wait(0.1):
        socket.send(message(PROBE))
    started.value = time.time()
    for one in messages:
        socket.send(one)
    time.sleep(3600)


def receive(socket):
    """How often each number came, until all did or nothing comes any more; and when the last came."""
    times = bytearray(count)
    missing, last = count, time.time()
    while missing > 0:
        try:
            number = number_of(socket.recv())
        except zmq.Again:
            break
        if number == PROBE:
            continue
        last = time.time()
        missing -= times[number] == 0
        times[number] = min(255, times[number] + 1)
    return times, last


def main():
    grant = ask(action="subscribe", topic=f"stix2/{kind}", snapshot=0)
    subscribed, go, started = multiprocessing.Event(), multiprocessing.Event(), multiprocessing.Value("d")
    publisher = multiprocessing.Process(
        target=publish, args=(grant["sub_port"], subscribed, go, started), daemon=True)
    publisher.start()
    socket = zmq.Context().socket(zmq.SUB)
    socket.setsockopt(zmq.RCVHWM, 0)
    socket.setsockopt(zmq.RCVTIMEO, PATIENCE * 1000)
    socket.setsockopt(zmq.SUBSCRIBE, grant["topic"].encode())
    socket.connect(f"{HOST}:{grant['pub_port']}")
    if not subscribed.wait(4 * PATIENCE):
        give_up("the bus's subscriptions at the publisher")
    try:
        socket.recv()
    except zmq.Again:
        give_up("the first message")
    go.set()
    times, last = receive(socket)
    lost = [number for number in range(count) if times[number] == 0]
    twice = [number for number in range(count) if times[number] > 1]
    # Before anything is said: whoever reads it may end this process, and its child would stay.
    publisher.kill()
    publisher.join()
    say(rate=(count - len(lost)) / (last - started.value), lost=lost, twice=twice)


if __name__ == "__main__":
    main()
