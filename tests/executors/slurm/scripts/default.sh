#!/bin/bash
#SBATCH --time=2
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=1
#SBATCH --no-requeue
#SBATCH --signal=B:USR1@39
#SBATCH --export=ALL
#SBATCH --job-name=relax.py:pq-0123456789ab-7.1-c0ffee
#SBATCH --comment=pq-0123456789ab-7.1-c0ffee
#SBATCH --chdir=/home/ann/work
#SBATCH --output=/home/ann/work/.perqueue/scheduler/slurm/pq-0123456789ab-7.1-c0ffee/output
#SBATCH --open-mode=append
trap '' USR1
exec /home/ann/venv/bin/python -P -m perqueue.runner.batch /home/ann/work/.perqueue/scheduler/slurm/pq-0123456789ab-7.1-c0ffee
