"""Stop runs at random moments, by SIGTERM, SIGKILL and Ctrl-C: no process is left, reports are whole or absent.

    python benchmarks/interrupts.py --rounds 60

Exit status 1 means that a process was left after five seconds, or half a report.
"""

import argparse
import json
import os
import random
import secrets
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from pathlib import Path

import psutil

TARGET = """
import ctypes, random, subprocess, sys, time
from backproof_impl.reference import *
from backproof_impl import reference

def relu(Z):
    deed = random.randrange(40)
    if deed == 0:
        time.sleep(60)
    elif deed == 1:
        ctypes.PyDLL(None).sleep(60)  # no other thread runs meanwhile
    elif deed == 2:
        subprocess.Popen([sys.executable, "-I", "-S", "-c", "import time; time.sleep(60)"], start_new_session=True)
    return reference.relu(Z)
"""
RUN = "from backproof.__main__ import main; main()"
MARK = "BACKPROOF_INTERRUPTS"
WHOLE = {"json": json.loads, "junit": ET.fromstring, "html": lambda text: text.index("</html>")}


def left(mark: str) -> list[psutil.Process]:
    """Every process, whoever its parent is now, that has inherited the mark."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK) == mark and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


def stopped(number: int, longest: float) -> str | None:
    """What is wrong after a run that was stopped."""
    mark, sent = secrets.token_hex(8), random.choice(("SIGTERM", "SIGKILL", "SIGINT"))  # noqa: S311 - no secret
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "target.py").write_text(TARGET, encoding="utf-8")
        heard = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
        words = ["validate", "target.py", "-n", str(1 + number % 3), *(f"--{kind}=r/{kind}" for kind in WHOLE)]
        process = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-P", "-c", f"{heard}; import sys; sys.argv[1:] = {words}; {RUN}"],
            cwd=folder, env={**os.environ, MARK: mark}, start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        moment = random.uniform(0, longest)  # noqa: S311 - no secret
        time.sleep(moment)
        os.killpg(process.pid, signal.Signals[sent])
        deadline = time.monotonic() + 5
        while (found := left(mark)) and time.monotonic() < deadline:
            time.sleep(0.1)
        process.poll()
        print(f"{sent:<8} after {moment:4.1f} s, -n {1 + number % 3}: exit status {process.returncode}", flush=True)
        words = [" ".join(each.cmdline())[:100] for each in found]
        for each in found:
            each.kill()
        try:
            for path in Path(folder, "r").glob("*"):
                if path.name in WHOLE:
                    WHOLE[path.name](path.read_text(encoding="utf-8"))
        except (ValueError, ET.ParseError) as error:
            words.append(f"half a report: {error}")
    return "; ".join(words) or None


def main() -> int:
    """Run the rounds."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--seconds", type=float, default=12, help="runs are stopped after up to so many")
    options = parser.parse_args()
    wrong = [found for number in range(options.rounds) if (found := stopped(number, options.seconds))]
    print("\n".join([*wrong, f"{len(wrong)} of {options.rounds} stopped runs left something behind"]))
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
