#!/bin/bash
#PBS -N relax_pq-3f2a9c1d0b4e-1.1-a1b2c3
#PBS -v PERQUEUE_TAG=pq-3f2a9c1d0b4e-1.1-a1b2c3
#PBS -j oe
#PBS -o /dev/null
#PBS -S /bin/bash
#PBS -r n
#PBS -q workq
#PBS -l select=1:ncpus=2:mpiprocs=2:ompthreads=1
#PBS -l walltime=600
exec >>/home/ann/run/.perqueue/scheduler/pbs/pq-3f2a9c1d0b4e-1.1-a1b2c3/output 2>&1
if ! [ -r /home/ann/run/.perqueue/scheduler/pbs/pq-3f2a9c1d0b4e-1.1-a1b2c3/environ ]; then
  printf '%s\n' 'the environment of the submission is not there: '/home/ann/run/.perqueue/scheduler/pbs/pq-3f2a9c1d0b4e-1.1-a1b2c3/environ
  exit 69
fi
while IFS= read -r -d '' variable; do
  case "${variable%%=*}" in PBS_*|SLURM_*|TMPDIR|NCPUS|CUDA_VISIBLE_DEVICES|ENVIRONMENT|HOSTNAME|PERQUEUE_TAG|PWD|OLDPWD|SHLVL|_|BASH*|UID|EUID|PPID|SHELLOPTS) ;;
    *) export "$variable" 2>/dev/null ;;
  esac
done </home/ann/run/.perqueue/scheduler/pbs/pq-3f2a9c1d0b4e-1.1-a1b2c3/environ
cd /home/ann/run || exit 69
trap '' USR1
exec /home/ann/venv/bin/python -P -m perqueue.runner.batch /home/ann/run/.perqueue/scheduler/pbs/pq-3f2a9c1d0b4e-1.1-a1b2c3
