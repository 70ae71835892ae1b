#!/bin/bash
# Ends at once what start.sh started, jobs first, each process by its own id. SLURM_TEST_DIR says which.
set -u
dir=$SLURM_TEST_DIR
export PATH=$PATH:/usr/sbin:/sbin SLURM_CONF=$dir/slurm.conf

is() { [[ -n $1 ]] && grep -q "^$2" "/proc/$1/comm" 2>/dev/null; }
end() { # PIDFILE NAME
    local pid
    pid=$(cat "$1" 2>/dev/null) && is "$pid" "$2" && kill -9 "$pid"
    rm -f "$1"
}

if is "$(cat "$dir/run/slurmctld.pid" 2>/dev/null)" slurmctld; then
    timeout 5 squeue -h -o %A 2>/dev/null | sort -u | xargs -r -n 500 timeout 5 scancel 2>/dev/null
    for _ in $(seq 80); do
        [[ -z $(timeout 5 squeue -h -t R,CG -o %i 2>/dev/null) ]] && break
        sleep .1
    done
fi
for file in "$dir"/run/slurmd.*.pid; do end "$file" slurmd; done
# What a killed slurmd left: the parents of jobs, which work in the folder of its log, and the jobs.
for file in $(grep -ls '^slurmstepd' /proc/[0-9]*/comm); do
    pid=${file#/proc/} pid=${pid%/comm}
    [[ $(readlink "/proc/$pid/cwd") == "$dir/log" ]] || continue
    # shellcheck disable=SC2046
    kill -9 "$pid" $(cat /proc/"$pid"/task/*/children 2>/dev/null) 2>/dev/null
done
end "$dir/run/slurmctld.pid" slurmctld
end "$dir/run/slurmdbd.pid" slurmdbd
end "$dir/run/mariadbd.pid" mariadbd
end "$dir/run/munged.pid" munged
exit 0
