"""An independent count of hits: no code of bridge, another language, another way.

Usage: count_hits.py N LOG…  with EVE, Zeek JSON or Zeek TSV logs, plain or .gz;
prints up to N values of each kind that occur in the logs, taken evenly, as
"kind<TAB>value<TAB>events". A value counts where it is the whole value of a field.
"""
import gzip, ipaddress, json, re, sys


def events(path):
    with (gzip.open if path.endswith(".gz") else open)(path, "rb") as file:
        fields, types = [], []
        for raw in file:
            line = raw.decode("utf-8", "replace").rstrip("\n")
            if line.startswith("{"):
                yield json.loads(line)
            elif line.startswith("#fields"):
                fields = line.split("\t")[1:]
            elif line.startswith("#types"):
                types = line.split("\t")[1:]
            elif line and not line.startswith("#"):
                yield {
                    name: value.split(",") if "[" in kind else value
                    for name, kind, value in zip(fields, types, line.split("\t"))
                    if value not in ("-", "(empty)")
                }


def leaves(value):
    if isinstance(value, dict):
        for inner in value.values():
            yield from leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner)
    elif isinstance(value, str):
        yield value


def urls(event):
    """URLs that an HTTP event is about, without their scheme."""
    http = event.get("http")
    if isinstance(http, dict) and "hostname" in http and "url" in http:
        host, path = http["hostname"], http["url"]
    elif "host" in event and "uri" in event:
        host, path = event["host"], event["uri"]
    else:
        return
    if path.startswith("/"):
        yield host.lower() + path


HASHES = {32: "md5", 40: "sha1", 64: "sha256", 128: "sha512"}
DOMAIN = re.compile(r"^(?=.{4,253}$)([a-z0-9_]([a-z0-9_-]*[a-z0-9])?\.)+[a-z]{2,}\.?$")


def observables(event):
    for text in leaves(event):
        low = text.strip().lower()
        try:
            address = ipaddress.ip_address(low)
            yield f"ipv{address.version}", str(address)
            continue
        except ValueError:
            pass
        if len(low) in HASHES and re.fullmatch("[0-9a-f]+", low):
            yield HASHES[len(low)], low
        elif re.fullmatch(r"<?[^@\s<>]+@[^@\s<>]+\.[a-z]+>?", low):
            yield "email", low.strip("<>")
        elif DOMAIN.match(low):
            yield "domain", low.rstrip(".")
    for url in urls(event):
        yield "url", "http://" + url


def main():
    pick = int(sys.argv[1])
    counts = {}
    for path in sys.argv[2:]:
        for event in events(path):
            for seen in set(observables(event)):
                counts[seen] = counts.get(seen, 0) + 1
    for kind in sorted({kind for kind, _ in counts}):
        values = sorted(value for k, value in counts if k == kind)
        for value in values[:: max(1, len(values) // pick)][:pick]:
            print(kind, value, counts[kind, value], sep="\t")


main()
