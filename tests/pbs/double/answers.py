"""What the double prints: the words and forms that were observed of OpenPBS 23.06.06, with what differs filled in."""

from __future__ import annotations

import json
import textwrap
import time
from collections.abc import Mapping
from typing import Any

from tests.pbs.double.jobs import Element, Job

Row = dict[str, Any]

QSTAT_USAGE = (
    "usage: \nqstat [-f] [-J] [-p] [-t] [-x] [-E] [-F format | -w] [-D delim] [ job_identifier... | destination... ]\n"
)
TORQUE_USAGE = "Unknown option: {}\nUsage:\n    qstat [-f] [-a|-i|-r] [-n [-1]] [-G|-M] [-u user_list] [job_id...]\n"


def when(seconds: float) -> str:
    return time.strftime("%a %b %e %H:%M:%S %Y", time.localtime(seconds))


def row(job: Job, element: Element | None, server: str) -> Row:
    """All attributes of a job, an array (no element) or an element."""
    found: Row = {
        "Job_Name": job.name,
        "Job_Owner": f"{job.user}@{server}",
        "job_state": element.state if element else "F" if job.over else "B" if _begun(job) else "Q",
        "queue": job.queue,
        "server": server,
        "Checkpoint": "u",
        "ctime": when(job.submitted),
        "Error_Path": f"{server}:/dev/null",
        "Hold_Types": "n",
        "Join_Path": "oe",
        "Keep_Files": "n",
        "Mail_Points": "a",
        "mtime": when(element.started or job.submitted if element else job.submitted),
        "Output_Path": f"{server}:/dev/null",
        "Priority": 0,
        "qtime": when(job.submitted),
        "Rerunable": str(job.rerunnable),
        "Resource_List": job.resources,
        "substate": element.substate if element else 41,
        "Variable_List": job.variables,
        "etime": when(job.submitted),
        "project": "_pbs_project_default",
        "Submit_Host": server,
    }
    if element is None:
        waiting = [str(one.index) for one in job.elements if one.state == "Q"]
        count = dict.fromkeys("QRXE", 0)
        for one in job.elements:
            count["X" if one.state == "F" else one.state] += 1
        found |= {
            "array": "True",
            "array_state_count": "Queued:{Q} Running:{R} Exiting:{E} Expired:{X} ".format(**count),
            "array_indices_submitted": f"0-{len(job.elements) - 1}",
            "array_indices_remaining": ",".join(waiting) or "-",
        }
        if job.over:
            found |= {"Exit_status": 0, "substate": 91 if job.elements[0].deleted else 92}
        return found
    if element.index is not None:
        found |= {"array_id": job.id(server), "array_index": element.index}
    if element.runs:
        found |= {"run_count": element.runs, "stime": when(element.started)}
    if element.state != "Q" and element.nodes:
        found |= {
            "exec_host": "+".join(f"{node}/0*{cpus}" for node, cpus in element.nodes),
            "exec_vnode": "+".join(f"({node}:ncpus={cpus})" for node, cpus in element.nodes),
            "jobdir": "/home",
        }
    if element.code is not None:
        found["Exit_status"] = element.code
    found["comment"] = element.comment
    if job.array and element.state == "X" and not element.runs:  # it is forgotten, and the array's attributes are shown
        found |= {"substate": 70, "comment": "Subjob finished"}
    return found


def _begun(job: Job) -> bool:
    return any(element.state != "Q" for element in job.elements)


def as_json(rows: Mapping[str, Row], server: str) -> str:
    """As ``qstat -F json`` prints it: no table of jobs where there are none."""
    document: Row = {"timestamp": int(time.time()), "pbs_version": "23.06.06", "pbs_server": server}
    if rows:
        document["Jobs"] = rows
    return json.dumps(document, indent="\t", separators=(",", ":\t")) + "\n"


def as_text(rows: Mapping[str, Row], torque: bool) -> str:
    """As ``qstat -f`` prints it: long lines go on after a tab. Torque-like wrappers show less, and all after a tab."""
    lines = []
    for job, attributes in rows.items():
        lines.append(f"Job Id:\t{job.split('.')[0]}" if torque else f"Job Id: {job}")
        for name, value in attributes.items():
            if torque:
                shown = "C" if name == "job_state" and value in ("F", "X") else value
                if name in ("Job_Name", "Job_Owner", "job_state", "queue", "qtime", "mtime", "exec_host"):
                    lines.append(f"\t{name} = {shown}")
            elif name == "Variable_List":
                lines += _folded(name, ",".join(f"{key}={text}" for key, text in value.items()))
            elif isinstance(value, Mapping):
                for inner, text in value.items():
                    lines += _folded(f"{name}.{inner}", str(text))
            else:
                lines += _folded(name, str(value))
        lines.append("")
    return "".join(f"{line}\n" for line in lines)


def _folded(name: str, value: str) -> list[str]:
    first, *more = textwrap.wrap(
        f"{name} = {value}", 74, break_on_hyphens=False, drop_whitespace=False, replace_whitespace=False
    ) or [f"{name} = "]
    return [f"    {first}", *(f"\t{line}" for line in more)]


def server_text(server: str, history: bool, most: int) -> str:
    """As ``qstat -B -f`` prints it."""
    return (
        f"Server: {server}\n    server_state = Active\n    server_host = {server}\n    scheduling = True\n"
        "    total_jobs = 0\n    default_queue = workq\n    log_events = 511\n    mailer = /usr/sbin/sendmail\n"
        "    query_other_jobs = True\n    resources_default.ncpus = 1\n    default_chunk.ncpus = 1\n"
        + ("    job_history_enable = True\n    job_history_duration = 336:00:00\n" if history else "")
        + f"    max_array_size = {most}\n    pbs_version = 23.06.06\n    power_provisioning = False\n\n"
    )


def queue_text(queue: str, walltime: str) -> str:
    """As ``qstat -Q -f`` prints it."""
    limit = f"    resources_max.walltime = {walltime}\n" if walltime else ""
    head = f"Queue: {queue}\n    queue_type = Execution\n    total_jobs = 0\n"
    return f"{head}{limit}    enabled = True\n    started = True\n\n"
