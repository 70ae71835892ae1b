"""A command of a real PBS, noted: ``python noting.py FOLDER /opt/pbs/bin/qsub ...``."""

import json
import os
import subprocess
import sys
import time


def main() -> int:
    folder, command, *words = sys.argv[1:]
    name = os.path.basename(command)
    script = sys.stdin.read() if name == "qsub" else ""
    done = subprocess.run([command, *words], input=script, stdout=subprocess.PIPE, text=True)
    with open(f"{folder}/settings.json", encoding="utf-8") as file:
        lose = json.load(file)["lose_replies"]
    entry = {"at": time.time(), "name": name, "words": words, "script": script, "status": done.returncode}
    with open(f"{folder}/log", "a", encoding="utf-8") as log:
        log.write(json.dumps({**entry, "out": done.stdout if name == "qsub" else ""}) + "\n")
    if name == "qsub" and lose:
        sys.stderr.write("qsub: System error: \n")
        return 162
    sys.stdout.write(done.stdout)
    return done.returncode


sys.exit(main())
