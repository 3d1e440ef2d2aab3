"""A publisher and a subscriber over pyzmq: peer.py MANAGE_PORT MESSAGES TYPE.

Prints messages a second from the first one published to the last one received.
"""
import json
import multiprocessing
import sys
import time

import zmq

manage, count, kind = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
HOST = "tcp://127.0.0.1"


def ask(**request):
    socket = zmq.Context.instance().socket(zmq.REQ)
    socket.connect(f"{HOST}:{manage}")
    socket.send_json(request)
    return socket.recv_json()


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


def publish(port, ready, go, started):
    messages = [message(number) for number in range(count)]
    socket = zmq.Context().socket(zmq.XPUB)  # a PUB that hears what the broker subscribes to
    socket.setsockopt(zmq.SNDHWM, 0)
    socket.connect(f"{HOST}:{port}")
    for _ in ("stix2/", "threatbus/snapshotenvelope"):
        socket.recv()
    ready.set()
    go.wait()
    started.value = time.time()
    for one in messages:
        socket.send(one)
    socket.close(linger=-1)
    zmq.Context.instance().term()
    time.sleep(3600)


if __name__ == "__main__":
    grant = ask(action="subscribe", topic=f"stix2/{kind}", snapshot=0)
    ready, go, started = multiprocessing.Event(), multiprocessing.Event(), multiprocessing.Value("d")
    publisher = multiprocessing.Process(target=publish, args=(grant["sub_port"], ready, go, started), daemon=True)
    publisher.start()
    socket = zmq.Context().socket(zmq.SUB)
    socket.setsockopt(zmq.RCVHWM, 0)
    socket.setsockopt(zmq.RCVTIMEO, 60000)
    socket.setsockopt(zmq.SUBSCRIBE, grant["topic"].encode())
    socket.connect(f"{HOST}:{grant['pub_port']}")
    ready.wait()
    time.sleep(2)  # nothing tells a SUB when its subscription is in force
    go.set()
    received = 0
    while received < count:
        socket.recv()
        received += 1
    print(json.dumps({"rate": count / (time.time() - started.value)}))
    publisher.kill()
