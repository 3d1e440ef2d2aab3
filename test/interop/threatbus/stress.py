"""Publishers and subscribers over pyzmq that are stopped and continued at random:
stress.py MANAGE_PORT BUS_PID SEED MESSAGES.

Subscribers differ in when they connect and in the size of their queues and socket buffers.
Prints one line of JSON: what each subscriber got of each publisher that is not each message
once and in order ("wrong"), and how many messages came ("received").
"""
import json
import multiprocessing
import os
import random
import signal
import sys
import time

import zmq

manage, bus, seed, count = (int(text) for text in sys.argv[1:])
chance = random.Random(seed)
HOST = "tcp://127.0.0.1"
PUBLISHERS, SUBSCRIBERS = 2, 4
PATIENCE = 20  # s without a message
LONGEST_STOP = 1.5  # s; the bus counts who reads nothing for 5 s as standing still


def ask(**request):
    socket = zmq.Context.instance().socket(zmq.REQ)
    socket.setsockopt(zmq.RCVTIMEO, PATIENCE * 1000)
    socket.setsockopt(zmq.LINGER, 0)
    socket.connect(f"{HOST}:{manage}")
    socket.send_json(request)
    return socket.recv_json()


def publish(port, name, small):
    socket = zmq.Context().socket(zmq.XPUB)  # a PUB that hears what the bus subscribes to
    socket.setsockopt(zmq.SNDHWM, 0)
    if small:
        socket.setsockopt(zmq.SNDBUF, 4096)
    socket.connect(f"{HOST}:{port}")
    for _ in ("stix2/", "threatbus/snapshotenvelope"):
        socket.recv()
    padding = "x" * 300
    for number in range(count):
        body = {"type": "sighting", "spec_version": "2.1",
                "id": "sighting--%08d-0000-4000-8000-%012d" % (name, number),
                "created": "2026-11-21T10:00:00Z", "modified": "2026-11-21T10:00:00Z",
                "sighting_of_ref": "indicator--00000000-0000-4000-8000-000000000001",
                "x_padding": padding}
        socket.send_string("stix2/sighting " + json.dumps(body))
    time.sleep(3600)


def subscribe(grant, delay, high_water, small, outcome):
    time.sleep(delay)
    socket = zmq.Context().socket(zmq.SUB)
    socket.setsockopt(zmq.RCVHWM, high_water)
    socket.setsockopt(zmq.RCVTIMEO, PATIENCE * 1000)
    if small:
        socket.setsockopt(zmq.RCVBUF, 4096)
    socket.setsockopt(zmq.SUBSCRIBE, grant["topic"].encode())
    socket.connect(f"{HOST}:{grant['pub_port']}")
    got = [[] for _ in range(PUBLISHERS)]
    received = 0
    try:
        while received < PUBLISHERS * count:
            text = socket.recv()
            at = text.index(b"sighting--") + 10
            got[int(text[at:at + 8])].append(int(text[at + 24:at + 36]))
            received += 1
    except zmq.Again:
        pass
    wrong = {}
    for name, numbers in enumerate(got):
        if numbers != list(range(count)):
            lost = sorted(set(range(count)) - set(numbers))
            wrong[name] = {"lost": len(lost), "first": lost[:5], "twice": len(numbers) - len(set(numbers)),
                           "ordered": numbers == sorted(numbers)}
    outcome.put((received, wrong))


def pause(pid, seconds):
    try:
        os.kill(pid, signal.SIGSTOP)
        time.sleep(seconds)
        os.kill(pid, signal.SIGCONT)
    except ProcessLookupError:
        pass  # a subscriber that has all


def main():
    outcome = multiprocessing.Queue()
    grants = [ask(action="subscribe", topic="stix2/sighting", snapshot=0) for _ in range(SUBSCRIBERS)]
    subscribers = [
        multiprocessing.Process(target=subscribe, daemon=True, args=(
            grant, chance.choice([0, 0, 1]), chance.choice([1, 10, 1000]), chance.random() < 0.5, outcome))
        for grant in grants]
    publishers = [
        multiprocessing.Process(target=publish, daemon=True, args=(
            grants[0]["sub_port"], name, chance.random() < 0.5))
        for name in range(PUBLISHERS)]
    for process in subscribers + publishers:
        process.start()
    pids = [process.pid for process in subscribers + publishers] + [bus]
    while any(process.is_alive() for process in subscribers) and outcome.qsize() < SUBSCRIBERS:
        victim = chance.choice(pids)
        pause(victim, chance.random() ** 3 * LONGEST_STOP)
        time.sleep(chance.random() * 0.05)
    results = [outcome.get(timeout=PATIENCE) for _ in range(SUBSCRIBERS)]
    # Before anything is said: whoever reads it may end this process, and its children would stay.
    for process in subscribers + publishers:
        process.kill()
        process.join()
    print(json.dumps({"received": sum(received for received, _ in results),
                      "wrong": [wrong for _, wrong in results if wrong]}), flush=True)


if __name__ == "__main__":
    main()
