#!/bin/bash
#PBS -N t3-steps-relax-dos_pq-3f2a9c1d0b4e-1.1-a1b2c3
#PBS -v PERQUEUE_TAG=pq-3f2a9c1d0b4e-1.1-a1b2c3
#PBS -j oe
#PBS -o /dev/null
#PBS -S /bin/bash
#PBS -r y
#PBS -q gpuq@pbs1
#PBS -A proj\ 7
#PBS -l select=1:ncpus=17:mpiprocs=2:ompthreads=8:mem=65536mb:ngpus=2:gpu_type=a100+1:ncpus=17:mpiprocs=2:ompthreads=8:mem=65536mb:ngpus=1:gpu_type=a100+1:ncpus=16:mpiprocs=1:ompthreads=16:mem=65536mb:ngpus=1:gpu_type=a100
#PBS -l place=scatter:excl
#PBS -l walltime=180000
#PBS -l qos=high
#PBS -l software=vasp
#PBS -W umask=027
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
cd '/home/ann/it'"'"'s here' || exit 69
trap '' USR1
command -v module >/dev/null || . /etc/profile
module load intel/2024 || exit 69
module load mpi || exit 69
ulimit -s unlimited
exec /home/ann/venv/bin/python -P -m perqueue.runner.batch /home/ann/run/.perqueue/scheduler/pbs/pq-3f2a9c1d0b4e-1.1-a1b2c3
