"""The commands that ask PBS, as small programs for ``sh``.

PBS can't be asked for all of one's own jobs in one go, and one answer depends on the other:

- ``qselect`` gives the ids of the user's jobs, ``qstat`` tells about ids;
- an unknown id, of a job that has just ended, makes ``qstat`` leave out others too, and so does one of another server,
  which is "illegally formed": it is asked again without it;
- Torque-like wrappers know neither ``-F json`` nor ``-x`` and exit with 2: they are asked in plain form for everything.

None of the programs has anything written into it: what differs comes as arguments.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from perqueue.executors.batch.dialect import SEARCH, Command

from .directives import ENVIRONMENT

TORQUE: Final = 2
"""The exit status for an unknown option."""

WHOLE: Final = 300
"""With more ids than this, it is cheaper for the server to tell of everybody's jobs: it looks up ids one by one."""

TRIES: Final = 3
"""How often it is asked about ids, some of which are unknown each time, before it is asked for everybody's jobs."""

_SHELL: Final = "/bin/sh"

_FOUND: Final = f'set -f\nPATH="${{{SEARCH}:+${SEARCH}:}}$PATH"\n'

_ASK: Final = (
    _FOUND
    + """\
ask() {
  options=$1 tries=$2; shift 2
  while [ $# -gt 0 ]; do
    { said=$(qstat $options "$@" 2>&1 >&3); } 3>&1
    status=$?
    [ -z "$said" ] || printf '%s\\n' "$said" >&2
    case $status in 153 | 35 | 1) ;; *) return $status ;; esac
    count=$#
    for job; do
      shift
      case " $said " in *[!0-9]"$job"[!0-9A-Za-z.-]* | *[!0-9]"$job
"*) ;; *) set -- "$@" "$job" ;; esac
    done
    tries=$((tries - 1))
    [ $# -lt $count ] && [ $tries -gt 0 ] || return $status
  done
}
"""
)

_LOOK: Final = (
    _ASK
    + f"""\
found=$(qselect -u "$(id -un)")
status=$?
case $status in
  0)
    set -- $found
    [ $# -gt 0 ] || {{ echo '{{}}'; exit 0; }}
    status=153
    [ $# -gt {WHOLE} ] || {{ ask '-t -f -F json' {TRIES} "$@"; status=$?; }}
    case $status in 153 | 35 | 1) qstat -t -f -F json; status=$? ;; esac ;;
  127)
    status={TORQUE} ;;
esac
[ $status -ne {TORQUE} ] || {{ qstat -f; status=$?; [ $status -ne 153 ] || {{ echo '{{}}'; exit 0; }}; }}
exit $status
"""
)

_HISTORY: Final = _ASK + "ask '-x -t -f -F json' 10 \"$@\"\n"

_UNWRITTEN: Final = 73
"""The exit status where the environment can't be kept; none of ``qsub``'s own."""

# The search path is the submission's, and may lead nowhere.
_SUBMIT: Final = f"""\
kept="$1/{ENVIRONMENT}"
( umask 077; unset {SEARCH}; /usr/bin/env -0 >"$kept.new" ) &&
  PATH="$PATH:/usr/bin:/bin" mv -f "$kept.new" "$kept" || {{
  echo "the job's environment can't be written to $kept" >&2
  exit {_UNWRITTEN}
}}
{_FOUND}exec qsub
"""


def submit(folder: str, script: str) -> Command:
    """Submit a script, and keep the environment for it in its folder; where that can't be written, nothing is
    submitted."""
    return Command((_SHELL, "-c", _SUBMIT, "qsub", folder), script)


def look() -> Command:
    """Tell of all jobs of the user that are not over."""
    return Command((_SHELL, "-c", _LOOK, "qstat"))


def history(jobs: Sequence[str]) -> Command:
    """Tell of these jobs although they are over."""
    return Command((_SHELL, "-c", _HISTORY, "qstat", *jobs))
