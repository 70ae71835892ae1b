#!/bin/bash
# Starts a throw-away Slurm on the loopback interface: munged, slurmctld and four slurmd, as any user, without systemd
# and without /etc. A second call starts again only what is dead. It takes its settings from the environment:
#   SLURM_TEST_DIR     folder for everything; short, as it holds sockets
#   SLURM_TEST_PORT    first of 14 free ports: the controller; the accounting +1 and +2, the nodes +10 to +13
#   SLURM_TEST_DBD     1: with accounting, so that sacct works (slurmdbd and mariadb)
#   SLURM_TEST_CGROUP  1: with control groups, so that jobs are really held to their memory, and end whole
#   SLURM_TEST_EXTRA   more lines for slurm.conf
# Debian's packages, installed with --no-install-recommends:
#   munge slurmctld slurmd slurm-client slurm-wlm-basic-plugins, for accounting slurmdbd slurm-wlm-mysql-plugin mariadb-server
set -euo pipefail
dir=$SLURM_TEST_DIR port=$SLURM_TEST_PORT
accounting=${SLURM_TEST_DBD:-0} groups=${SLURM_TEST_CGROUP:-0}
me=$(id -un) host=$(hostname -s)
nodes=(a001 a002 b001 g001)
export PATH=$PATH:/usr/sbin:/sbin SLURM_CONF=$dir/slurm.conf

mkdir -p "$dir"/{run,log,state,spool,munge,done,dev}
chmod 755 "$dir" "$dir"/{run,log,state,spool,done}
chmod 700 "$dir/munge"

lives() { # PIDFILE NAME: the process in the file runs, and is called that
    local pid
    pid=$(cat "$1" 2>/dev/null) && [[ -n $pid ]] || return 1
    grep -q "^$2" "/proc/$pid/comm" 2>/dev/null && ! grep -q '^State:.Z' "/proc/$pid/status"
}
await() { # COMMAND...: until it succeeds, 15 s at most
    local _
    for _ in $(seq 150); do "$@" >/dev/null 2>&1 && return; sleep .1; done
    return 1
}

# Who is who: munge with a key and a socket of its own.
if [[ ! -s $dir/munge/munge.key ]]; then
    head -c 1024 /dev/urandom >"$dir/munge/munge.key"
    chmod 400 "$dir/munge/munge.key"
fi
if ! lives "$dir/run/munged.pid" munged; then
    rm -f "$dir"/run/munge*
    munged --force --num-threads=2 --key-file="$dir/munge/munge.key" --socket="$dir/run/munge.socket" \
        --pid-file="$dir/run/munged.pid" --log-file="$dir/log/munged.log" --seed-file="$dir/munge/munged.seed" \
        2>>"$dir/log/munged.err"
fi

# The configuration.
account="AccountingStorageType=accounting_storage/none"
if [[ $accounting == 1 ]]; then
    account="AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=localhost
AccountingStoragePass=$dir/run/munge.socket
AccountingStoragePort=$((port + 1))"
fi
track="ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill"
if [[ $groups == 1 ]]; then
    track="ProctrackType=proctrack/cgroup
TaskPlugin=task/cgroup
JobAcctGatherType=jobacct_gather/cgroup
JobAcctGatherFrequency=task=1"
fi
node="NodeHostname=$host NodeAddr=127.0.0.1 Boards=1 SocketsPerBoard=2 ThreadsPerCore=1 State=UNKNOWN"
cat >"$SLURM_CONF" <<CONF
ClusterName=pqtest
# Control groups are named by the ids of jobs, and another Slurm on this machine must not share them.
FirstJobId=$((port * 100))
SlurmctldHost=$host(127.0.0.1)
SlurmUser=$me
SlurmdUser=$me
SlurmctldPort=$port
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket=$dir/run/munge.socket,cred_expire=5
CommunicationParameters=NoAddrCache
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool/%n
SlurmctldPidFile=$dir/run/slurmctld.pid
SlurmdPidFile=$dir/run/slurmd.%n.pid
SlurmctldLogFile=$dir/log/slurmctld.log
SlurmdLogFile=$dir/log/slurmd.%n.log
SlurmctldDebug=info
SlurmdDebug=info
SlurmdParameters=config_overrides
$track
MpiDefault=none
SwitchType=switch/none
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=1,sched_min_interval=0,bf_interval=1,bf_yield_interval=100000,default_queue_depth=1000,bf_max_job_test=1000,bf_continue
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
PriorityType=priority/basic
KillWait=2
MinJobAge=300
SlurmctldTimeout=10
SlurmdTimeout=10
MessageTimeout=10
InactiveLimit=0
Waittime=0
ReturnToService=2
CompleteWait=0
TCPTimeout=2
MaxArraySize=10001
MaxJobCount=50000
JobRequeue=1
GresTypes=gpu
JobCompType=jobcomp/filetxt
JobCompLoc=$dir/done/jobs.log
$account
${SLURM_TEST_EXTRA:-}
NodeName=a001 Port=$((port + 10)) CoresPerSocket=12 RealMemory=256000 $node
NodeName=a002 Port=$((port + 11)) CoresPerSocket=12 RealMemory=256000 $node
NodeName=b001 Port=$((port + 12)) CoresPerSocket=20 RealMemory=384000 $node
NodeName=g001 Port=$((port + 13)) CoresPerSocket=84 RealMemory=768000 Gres=gpu:RTX3090:10 $node
PartitionName=xeon24 Nodes=a001,a002 Default=YES DefMemPerCPU=1000 MaxTime=50:00:00 DefaultTime=01:00:00 State=UP
PartitionName=xeon40 Nodes=b001 DefMemPerCPU=1000 MaxTime=50:00:00 DefaultTime=01:00:00 State=UP
PartitionName=xeon56 Nodes=g001 DefMemPerCPU=1000 MaxTime=50:00:00 DefaultTime=01:00:00 State=UP
PartitionName=sm3090 Nodes=g001 DefMemPerCPU=1000 MaxTime=7-00:00:00 DefaultTime=01:00:00 State=UP
CONF
# Slurm counts no GPU without a file for it.
for number in {0..9}; do
    [[ -e $dir/dev/nvidia$number ]] || mknod -m 666 "$dir/dev/nvidia$number" c 1 3 2>/dev/null || touch "$dir/dev/nvidia$number"
done
printf 'AutoDetect=off\nNodeName=g001 Name=gpu Type=RTX3090 File=%s\n' "$dir/dev/nvidia[0-9]" >"$dir/gres.conf"
: >"$dir/cgroup.conf"
if [[ $groups == 1 ]]; then
    [[ -e /sys/fs/cgroup/cgroup.controllers ]] && plugin=cgroup/v2 || plugin=cgroup/v1
    printf '%s\n' "CgroupPlugin=$plugin" CgroupMountpoint=/sys/fs/cgroup CgroupAutomount=yes IgnoreSystemd=yes \
        ConstrainRAMSpace=yes ConstrainSwapSpace=yes >"$dir/cgroup.conf"
fi

# The accounting: a database with a folder of its own, and the daemon before it.
if [[ $accounting == 1 ]]; then
    sql() { mariadb --no-defaults -S "$dir/run/mysql.sock" -u root "$@"; }
    if [[ ! -d $dir/mysql/mysql ]]; then
        mkdir -p "$dir/mysql"
        mysql_install_db --no-defaults --user="$me" --datadir="$dir/mysql" --auth-root-authentication-method=normal \
            --skip-test-db >"$dir/log/mysql_install.log" 2>&1
    fi
    if ! lives "$dir/run/mariadbd.pid" mariadbd; then
        mariadbd --no-defaults --user="$me" --datadir="$dir/mysql" --socket="$dir/run/mysql.sock" \
            --bind-address=127.0.0.1 --port=$((port + 2)) --pid-file="$dir/run/mariadbd.pid" \
            --innodb-buffer-pool-size=128M --innodb-lock-wait-timeout=900 --innodb-flush-log-at-trx-commit=0 \
            >"$dir/log/mariadbd.log" 2>&1 </dev/null &
        await sql -e 'select 1'
    fi
    sql <<'SQL'
create database if not exists slurm_acct_db;
create user if not exists slurm@localhost identified by 'slurm';
create user if not exists slurm@'127.0.0.1' identified by 'slurm';
grant all on slurm_acct_db.* to slurm@localhost;
grant all on slurm_acct_db.* to slurm@'127.0.0.1';
SQL
    cat >"$dir/slurmdbd.conf" <<CONF
AuthType=auth/munge
AuthInfo=socket=$dir/run/munge.socket
DbdHost=localhost
DbdPort=$((port + 1))
SlurmUser=$me
LogFile=$dir/log/slurmdbd.log
PidFile=$dir/run/slurmdbd.pid
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort=$((port + 2))
StorageUser=slurm
StoragePass=slurm
StorageLoc=slurm_acct_db
CONF
    chmod 600 "$dir/slurmdbd.conf"
    if ! lives "$dir/run/slurmdbd.pid" slurmdbd; then
        rm -f "$dir/run/slurmdbd.pid"
        slurmdbd </dev/null >>"$dir/log/slurmdbd.out" 2>&1
        await timeout 5 sacctmgr -n show cluster
    fi
    sacctmgr -i add cluster pqtest >/dev/null 2>&1 || true
fi

# The controller and the nodes.
answers() { scontrol ping | grep -q 'is UP'; }
ready() { [[ $(sinfo -h -N -o '%N %t' | sort -u | grep -cE ' (idle|mix|alloc|comp)$') == "${#nodes[@]}" ]]; }
if ! lives "$dir/run/slurmctld.pid" slurmctld; then
    rm -f "$dir/run/slurmctld.pid"
    slurmctld -i </dev/null >>"$dir/log/slurmctld.out" 2>&1
    await answers
fi
for name in "${nodes[@]}"; do
    if ! lives "$dir/run/slurmd.$name.pid" slurmd; then
        rm -f "$dir/run/slurmd.$name.pid"
        mkdir -p "$dir/spool/$name"
        slurmd -N "$name" </dev/null >>"$dir/log/slurmd.$name.out" 2>&1
    fi
done
await ready || { sinfo -N -o '%N %t %E' >&2; exit 1; }
