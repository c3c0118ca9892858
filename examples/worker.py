#!/usr/bin/env python3
"""A worker in plain Python: it runs commands of the kind `greet`. docs/guides/write-a-worker.md walks through it."""
import json, os, signal, socket, threading, time, urllib.error, urllib.request, uuid

SERVER, POOL = os.environ.get("SERVER_API_URL", "http://localhost:8082"), os.environ.get("POOL", "greeters")
ME = f"{socket.gethostname()}-{os.getpid()}"
HEADERS = {"Content-Type": "application/json", "Noetl-Worker-Instance": uuid.uuid4().hex}
if token := os.environ.get("NOETL_WORKER_TOKEN"): HEADERS["Authorization"] = "Bearer " + token
claiming, draining = threading.Event(), threading.Event()
held = {}                                                            # queue_id → {epoch, is_lost} of what runs

def call(method, path, body=None):
    request = urllib.request.Request(SERVER + path, json.dumps(body or {}).encode(), HEADERS, method=method)
    try:
        with urllib.request.urlopen(request, timeout=40) as answer: return answer.status, json.load(answer)
    except urllib.error.HTTPError as error: return error.code, json.loads(error.read() or b"{}")
    except OSError as error: return 503, {"detail": str(error)}       # no answer: the same again, later

def register():
    while True:
        status, said = call("POST", "/api/v2/workers", {"worker_id": ME, "pool": POOL, "slots": 1, "tools": ["greet"]})
        if status == 200: return said["heartbeat_interval_ms"] / 1000
        print("cannot register:", said.get("detail"), flush=True)
        time.sleep(1)

def beat(interval):
    while True:
        time.sleep(interval)
        leases = [{"queue_id": id, "epoch": one["epoch"]} for id, one in list(held.items())]
        status, said = call("POST", f"/api/v2/workers/{ME}/heartbeat", {
            "held": leases, "has_claim_in_flight": claiming.is_set(), "status": "draining" if draining.is_set() else "ready"})
        if status == 404 or said.get("is_known") is False: interval = register()
        for id in said.get("lost", []) + said.get("cancelled", []): held.get(id, {})["is_lost"] = True
        if said.get("should_drain"): draining.set()

def greet(input, lease):                                              # your work; long work looks at lease["is_lost"] and stops
    return {"greeting": f"Hello {input['who']}"}

def run(command):
    lease = held[command["queue_id"]]
    try: end = {"name": "command.completed", "payload": {"result": greet(command["context"]["input"], lease)}}
    except Exception as error:
        failure = {"kind": "exception", "message": repr(error), "retryable": not isinstance(error, KeyError)}
        end = {"name": "command.failed", "payload": {"error": failure}}
    while not lease["is_lost"]:
        status, said = call("POST", "/api/v2/events", {"worker_id": ME, "queue_id": command["queue_id"], "epoch": lease["epoch"], **end})
        if status != 503: break                                      # 200: recorded. 409, 404: not ours any more, drop it
        time.sleep(1)
    print(command["queue_id"], "lost" if lease["is_lost"] else f"{end['name']} {status}", flush=True)

signal.signal(signal.SIGTERM, lambda *_: draining.set())
threading.Thread(target=beat, args=(register(),), daemon=True).start()
while not draining.is_set():
    claiming.set()
    status, said = call("POST", "/api/v2/commands/claim", {"worker_id": ME, "pool": POOL, "slots": 1, "wait": 5})
    commands = said.get("commands", [])
    for command in commands: held[command["queue_id"]] = {"epoch": command["epoch"], "is_lost": False}
    claiming.clear()                                                 # only now: a heartbeat without them would hand them back
    for command in commands: run(command); del held[command["queue_id"]]
    if status == 404: register()
    elif status != 200: time.sleep(1)
call("DELETE", f"/api/v2/workers/{ME}")
