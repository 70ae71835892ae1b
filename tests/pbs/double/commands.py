"""qsub, qstat, qselect, qdel and qrerun of the double: arguments in; exit status, output and complaints out."""

from __future__ import annotations

import getopt
import os
import re
import shlex
import time
from typing import Any

from tests.pbs.double import answers
from tests.pbs.double.jobs import Element, Job, Queue

UNKNOWN_JOB, UNKNOWN_QUEUE, UNKNOWN_RESOURCE, OVER_LIMIT, FINISHED, TOO_MANY = 153, 170, 187, 188, 35, 38
BAD_STATE = 168
RESOURCES = {"select", "place", "walltime", "ncpus", "mem", "nodes"}
CHUNK = {"ncpus", "mpiprocs", "ompthreads", "mem", "ngpus", "host", "vnode"}
_ID = re.compile(r"([0-9]+)(\[([0-9]*)\])?(\.[\w.-]+)?")

Reply = tuple[int, str, str]


class Complaint(Exception):
    """A command's exit status and what it says."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(said)
        self.status, self.said = status, said


def run(queue: Queue, settings: dict[str, Any], name: str, words: list[str], request: dict[str, Any]) -> Reply:
    """What a command answers."""
    try:
        if name == "qsub":
            return 0, f"{qsub(queue, settings, words, request)}\n", ""
        if name == "qstat":
            return qstat(queue, settings, words)
        if name == "qselect":
            return qselect(queue, settings, words)
        if name == "qrerun":
            return qrerun(queue, words)
        return qdel(queue, settings, words)
    except Complaint as complaint:
        return complaint.status, "", f"{name}: {complaint.said}\n"


def qsub(queue: Queue, settings: dict[str, Any], words: list[str], request: dict[str, Any]) -> str:
    given = options(words)
    for line in directives(request["stdin"]):
        given = merged(options(shlex.split(line)), given)
    resources = requested(given.get("l", []))
    name = given.get("N", ["STDIN"])[0]
    if len(name) > 230 or not re.fullmatch(r"[A-Za-z][A-Za-z0-9_+.-]*", name):
        raise Complaint(2, "illegal -N value")
    size = array_size(given, settings)
    destination = given.get("q", ["workq"])[0]
    if destination not in settings["queues"]:
        raise Complaint(UNKNOWN_QUEUE, "Unknown queue")
    walltime = seconds(resources.get("walltime", "1:00:00"))
    if settings["max_walltime"] and walltime > settings["max_walltime"]:
        raise Complaint(OVER_LIMIT, "Job violates queue and/or server resource limits")
    queued = sum(not element.over for job in queue.jobs.values() for element in job.elements)
    if settings["max_queued"] and queued + (size or 1) > settings["max_queued"]:
        raise Complaint(TOO_MANY, f"would exceed queue {destination}'s per-user limit of jobs in 'Q' state")
    number, queue.next = queue.next, queue.next + 1
    env: dict[str, str] = request["env"]
    variables = {f"PBS_O_{key}": env[key] for key in ("HOME", "LANG", "LOGNAME", "PATH", "MAIL", "SHELL") if key in env}
    variables |= {"PBS_O_WORKDIR": request["cwd"], "PBS_O_QUEUE": destination, "PBS_O_HOST": queue.server}
    if "V" in given:
        variables = env | variables
    for pair in given.get("v", [""])[0].split(","):
        key, equals, value = pair.partition("=")
        if key:
            variables[key] = value if equals else env.get(key, "")
    with open(f"{queue.folder}/{number}.SC", "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(request["stdin"])
    os.chmod(f"{queue.folder}/{number}.SC", 0o700)
    elements = [Element(None)] if size is None else [Element(index) for index in range(size)]
    chunks = [cpus for count, cpus in chunked(resources.get("select", "1:ncpus=1")) for _ in range(count)]
    queue.jobs[number] = Job(
        number, name, request["user"], destination, request["stdin"], walltime, chunks,
        given.get("r", ["y"])[0] == "y", variables, resources, given.get("S", ["/bin/sh"])[0], time.time(),
        elements, size is not None,
    )  # fmt: skip
    return queue.jobs[number].id(queue.server)


def merged(first: dict[str, list[str]], second: dict[str, list[str]]) -> dict[str, list[str]]:
    """What the script says, unless it was said before."""
    both = {**first, **second}
    both["l"] = second.get("l", []) + first.get("l", [])
    return both


def options(words: list[str]) -> dict[str, list[str]]:
    try:
        found, rest = getopt.getopt(words, "a:A:c:C:e:fhIj:J:k:l:m:M:N:o:p:q:r:R:S:u:v:VW:zP:")
    except getopt.GetoptError as error:
        raise Complaint(2, f"invalid option -- '{error.opt}'") from error
    if rest:
        raise Complaint(2, "directive error: " + " ".join(rest))
    given: dict[str, list[str]] = {}
    for option, value in found:
        given.setdefault(option[1:], []).append(value)
    return given


def directives(script: str) -> list[str]:
    """Up to the first line that a shell would run."""
    found = []
    for line in script.split("\n"):
        if line.startswith("#PBS"):
            found.append(line.removeprefix("#PBS"))
        elif line.strip() and not line.startswith("#"):
            break
    return found


def requested(lists: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in lists:
        for part in re.split(r",(?=[a-z_]+=)", text):
            name, _, value = part.partition("=")
            if name not in RESOURCES:
                raise Complaint(UNKNOWN_RESOURCE, f"Unknown resource Resource_List.{name}")
            found[name] = value
    for chunk in found.get("select", "1:ncpus=1").split("+"):
        for pair in chunk.split(":")[1:]:
            if pair.partition("=")[0] not in CHUNK:
                raise Complaint(UNKNOWN_RESOURCE, f"Unknown resource: {pair.partition('=')[0]}")
    return found


def chunked(select: str) -> list[tuple[int, int]]:
    found = []
    for chunk in select.split("+"):
        count, *pairs = chunk.split(":")
        found.append((int(count), int(dict(pair.split("=") for pair in pairs).get("ncpus", "1"))))
    return found


def array_size(given: dict[str, list[str]], settings: dict[str, Any]) -> int | None:
    if "J" not in given:
        return None
    limits = re.fullmatch(r"([0-9]+)-([0-9]+)", given["J"][0])
    if limits is None or int(limits[2]) <= int(limits[1]):
        raise Complaint(2, "illegal -J value")
    if given.get("r", ["y"])[0] == "n":
        raise Complaint(2, " cannot submit non-rerunable Array Job")
    size = int(limits[2]) + 1
    if size > settings["max_array"]:
        raise Complaint(3, "Array job exceeds server or queue size limit")
    return size


def seconds(text: str) -> int:
    total = 0
    for part in text.split(":"):
        total = total * 60 + int(part)
    return total


def qstat(queue: Queue, settings: dict[str, Any], words: list[str]) -> Reply:
    if settings["torque"]:
        if bad := next((word for word in words if word.startswith("-") and word not in ("-f", "-a", "-n")), None):
            return 2, "", answers.TORQUE_USAGE.format(bad[1])
        shown = everything(queue, elements=True, history=False)
        return (0, answers.as_text(shown, torque=True), "") if shown else (153, "", "")
    try:
        found, ids = getopt.gnu_getopt(words, "fJptxEF:wD:BQ")
    except getopt.GetoptError:
        return 2, "", answers.QSTAT_USAGE
    given = dict(found)
    if "-B" in given:
        return 0, answers.server_text(queue.server, settings["history"], settings["max_array"]), ""
    if "-Q" in given:
        if ids[0] not in settings["queues"]:
            raise Complaint(UNKNOWN_QUEUE, f"Unknown queue {ids[0]}")
        return 0, answers.queue_text(ids[0], settings["shown_walltime"]), ""
    history, elements = "-x" in given, "-t" in given
    rows: dict[str, answers.Row] = {}
    status, said = 0, ""
    if history and not settings["history"]:
        said = "qstat: PBS is not configured to maintain job history\n"
    elif ids:
        for one in ids:
            try:
                rows |= asked(queue, one, history, elements)
            except Complaint as complaint:
                status, said = complaint.status, said + f"qstat: {complaint.said}\n"
                # The error of one job is taken for that of those after it.
                break
    else:
        rows = everything(queue, elements, history)
    printed = answers.as_json(rows, queue.server) if given.get("-F") == "json" else answers.as_text(rows, torque=False)
    return status, printed, said


def everything(queue: Queue, elements: bool, history: bool) -> dict[str, answers.Row]:
    rows: dict[str, answers.Row] = {}
    for job in queue.jobs.values():
        if history or not job.over:
            rows |= job_rows(queue, job, elements)
    return rows


def asked(queue: Queue, one: str, history: bool, elements: bool) -> dict[str, answers.Row]:
    job, index = named(queue, one)
    if job.over and not history:
        raise Complaint(FINISHED, f"{one} Job has finished, use -x or -H to obtain historical job information")
    if index is not None:
        return {one: answers.row(job, job.elements[index], queue.server)}
    return job_rows(queue, job, elements)


def job_rows(queue: Queue, job: Job, elements: bool) -> dict[str, answers.Row]:
    if not job.array:
        return {job.id(queue.server): answers.row(job, job.elements[0], queue.server)}
    rows = {job.id(queue.server): answers.row(job, None, queue.server)}
    if elements:
        rows |= {job.id(queue.server, one.index): answers.row(job, one, queue.server) for one in job.elements}
    return rows


def named(queue: Queue, one: str) -> tuple[Job, int | None]:
    found = _ID.fullmatch(one)
    if found is None or found[4] not in (None, f".{queue.server}"):
        raise Complaint(1, f"illegally formed job identifier: {one}")
    job = queue.jobs.get(int(found[1]))
    index = int(found[3]) if found[3] else None
    if job is None or job.array != bool(found[2]) or (index is not None and index >= len(job.elements)):
        raise Complaint(UNKNOWN_JOB, f"Unknown Job Id {one}")
    return job, index


def qselect(queue: Queue, settings: dict[str, Any], words: list[str]) -> Reply:
    if settings["torque"]:
        return 127, "", "qselect: not found\n"
    given = dict(getopt.getopt(words, "u:N:s:xJT")[0])
    jobs = [job for job in queue.jobs.values() if not job.over and given.get("-u", job.user) == job.user]
    return 0, "".join(f"{job.id(queue.server)}\n" for job in jobs), ""


def qdel(queue: Queue, settings: dict[str, Any], words: list[str]) -> Reply:
    status, said = 0, ""
    for one in words:
        try:
            job, index = named(queue, one)
            ended = [job.elements[index]] if index is not None else job.elements
            if all(element.over for element in ended):
                raise Complaint(FINISHED, f"Job has finished {one}")
            for element in ended:
                if not element.over:
                    queue.delete(job, element, by_root=settings["root"])
        except Complaint as complaint:
            status, said = complaint.status, said + f"qdel: {complaint.said}\n"
    return status, "", said


def qrerun(queue: Queue, words: list[str]) -> Reply:
    for one in words:
        job, index = named(queue, one)
        ended = [element for element in job.elements if index in (None, element.index) and element.process is not None]
        if not job.rerunnable or not ended:
            raise Complaint(BAD_STATE, f"Request invalid for state of job {one}")
        for element in ended:
            queue.rerun(element)
    return 0, "", ""
