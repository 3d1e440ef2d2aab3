"""Answers questions on STIX patterns with the OASIS reference implementations.

One JSON object a line in, one out:
  {"op": "match", "pattern", "version", "data"}  ->  {"match": bool} or {"error": text}
  {"op": "validate", "pattern", "version"}       ->  {"valid": bool} or {"error": text}
  {"op": "parse", "object"}                      ->  {"types": [...]} or {"error": text}
With "published" and a file as arguments it runs the matcher's own tests instead and
writes each question they ask, with its answer, to the file.
"""
import json
import os
import sys

import stix2matcher.matcher as matcher


def answer(question):
    if question["op"] == "match":
        pattern = matcher.Pattern(question["pattern"], question["version"])
        return {"match": bool(pattern.match(question["data"]))}
    if question["op"] == "validate":
        from stix2patterns.validator import run_validator

        return {"valid": not run_validator(question["pattern"], question["version"])}
    import stix2

    parsed = stix2.parse(question["object"], allow_custom=False)
    return {"types": [o["type"] for o in parsed.get("objects", [parsed])]}


def serve():
    for line in sys.stdin:
        try:
            out = answer(json.loads(line))
        except Exception as error:
            out = {"error": f"{type(error).__name__}: {error}"[:500]}
        print(json.dumps(out), flush=True)


def published(path):
    import pytest

    real = matcher.match
    with open(path, "w") as out:

        def match(pattern, data, verbose=False, stix_version=matcher.DEFAULT_VERSION):
            case = {"pattern": pattern, "data": data, "version": stix_version}
            try:
                result = real(pattern, data, verbose, stix_version)
                case["expected"] = {"match": bool(result)}
                return result
            except Exception as error:
                case["expected"] = {"error": type(error).__name__}
                raise
            finally:
                out.write(json.dumps(case) + "\n")

        matcher.match = match
        folder = os.path.join(os.path.dirname(matcher.__file__), "test")
        pytest.main(["-q", "-p", "no:cacheprovider", folder])


if sys.argv[1:2] == ["published"]:
    published(sys.argv[2])
else:
    serve()
