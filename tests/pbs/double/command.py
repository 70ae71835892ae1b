"""One command of the double: ``python command.py FOLDER qsub ...``."""

import json
import os
import socket
import sys


def main() -> int:
    folder, name, *words = sys.argv[1:]
    with open(f"{folder}/settings.json", encoding="utf-8") as file:
        settings = json.load(file)
    if settings["down"]:
        return down(name, settings["server"])
    script = sys.stdin.read() if name == "qsub" else ""
    request = {"name": name, "words": words, "stdin": script, "env": dict(os.environ), "cwd": os.getcwd()}
    import pwd

    request["user"] = pwd.getpwuid(os.getuid()).pw_name
    os.chdir(folder)
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect("socket")
        with connection.makefile("rwb") as stream:
            stream.write(json.dumps(request).encode() + b"\n")
            stream.flush()
            status, out, err = json.loads(stream.readline())
    if settings["slow"].get(name):
        import time

        time.sleep(settings["slow"][name])
    sys.stderr.write(err)
    sys.stdout.write(out)
    return int(status)


def down(name: str, server: str) -> int:
    """Nobody answers."""
    failed = f"{name}: cannot connect to server {server} (errno=15010)"
    if name == "qdel":
        failed = f"Couldn't connect to cluster: {server}"
    sys.stderr.write(f"Connection refused\n{failed}\n")
    return 255 if name == "qstat" else 162


sys.exit(main())
