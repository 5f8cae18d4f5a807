#!/usr/bin/env python3
"""Records what the real programs answer to the calls in testdata/*.calls.

Usage: record.py FILE...   (as root; busybox and the GNU tools have to be installed)

A file whose name begins with `gnu` is run with the GNU programs only. A file is a sequence of script lines that are run in one empty directory, in order:

    $ LINE              both flavours answer the same
    busybox$ LINE       what busybox answers
    gnu$ LINE           what GNU answers
    output line         standard output
    2> line             standard error
    = CODE              exit code, unless it is 0
    \\                   behind the last line of output that has no end

Lines before the first call are comments.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile

WORK = "/w"
GNU_PATH = "/usr/bin:/bin:/usr/sbin:/sbin"


def calls(text):
    """Yields the lines of a file that are not answers: comments, and calls with their flavours."""
    seen = None
    has_begun = False
    for line in text.splitlines():
        match = re.match(r"(busybox|gnu|)\$ (.*)", line)
        if match and match[2] == seen and match[1] == "gnu":  # the other answer to the same call
            seen = None
            continue
        if match:
            seen = match[2] if match[1] == "busybox" else None
            has_begun = True
            yield "call", match[2]
        elif not has_begun:
            yield "comment", line


def run(line, flavour, links):
    path = links if flavour == "busybox" else GNU_PATH
    shell = [os.path.join(links, "sh")] if flavour == "busybox" else ["/usr/bin/dash"]
    env = {"PATH": path, "HOME": "/root", "TZ": "UTC"}
    done = subprocess.run(
        shell + ["-c", line], cwd=WORK, env=env, stdin=subprocess.DEVNULL, capture_output=True, timeout=20
    )
    code = done.returncode if done.returncode >= 0 else 128 - done.returncode
    return answer(done.stdout, done.stderr, code)


def answer(out, err, code):
    text = out.decode("utf-8", "replace")
    lines = text.split("\n")
    tail = lines.pop()
    if tail:
        lines += [tail + "\\"]
    lines += ["2> " + line for line in usage(err.decode("utf-8", "replace")).splitlines()]
    if code:
        lines.append(f"= {code}")
    return lines


def usage(err):
    """Leaves out the usage messages of busybox but for what precedes them."""
    return re.split(r"^BusyBox v", err, flags=re.M)[0]


def record(path, links):
    with open(path) as file:
        text = file.read()
    items = list(calls(text))
    answers = {}
    for flavour in ["busybox", "gnu"]:
        shutil.rmtree(WORK, ignore_errors=True)
        os.mkdir(WORK)
        if flavour == "busybox" and os.path.basename(path).startswith("gnu"):
            answers[flavour] = [None] * len(items)
            continue
        answers[flavour] = [run(line, flavour, links) if kind == "call" else None for kind, line in items]
    shutil.rmtree(WORK)
    out = []
    for (kind, line), busybox, gnu in zip(items, answers["busybox"], answers["gnu"]):
        if kind == "comment":
            out.append(line)
        elif busybox is None:
            out += ["gnu$ " + line] + gnu
        elif busybox == gnu:
            out += ["$ " + line] + gnu
        else:
            out += ["busybox$ " + line] + busybox + ["gnu$ " + line] + gnu
    with open(path, "w") as file:
        file.write("\n".join(out) + "\n")


def main():
    with tempfile.TemporaryDirectory() as links:
        subprocess.run(["busybox", "--install", "-s", links], check=True)
        for path in sys.argv[1:]:
            record(path, links)


main()
