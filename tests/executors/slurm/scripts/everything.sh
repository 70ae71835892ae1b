#!/bin/bash
#SBATCH --partition=sm3090
#SBATCH --account=chem
#SBATCH --qos=long
#SBATCH --time=90
#SBATCH --nodes=1
#SBATCH --ntasks=4
#SBATCH --cpus-per-task=1
#SBATCH --gres=gpu:RTX3090:2
#SBATCH --mem=8192M
#SBATCH --exclusive
#SBATCH --exclude=a001,a002
#SBATCH --requeue
#SBATCH --signal=B:USR1@120
#SBATCH --export=ALL
#SBATCH --constraint=avx512
#SBATCH -L matlab:1
#SBATCH --nice=100
#SBATCH --job-name=relax.py:pq-0123456789ab-7.1-c0ffee
#SBATCH --comment=pq-0123456789ab-7.1-c0ffee
#SBATCH --chdir=/home/ann/work
#SBATCH --output=/home/ann/work/.perqueue/scheduler/slurm/pq-0123456789ab-7.1-c0ffee/output
#SBATCH --open-mode=append
#SBATCH --array=0-1
trap '' USR1
command -v module >/dev/null || . /etc/profile
module load GCC/12.3.0 || exit 69
module load 'Quantum ESPRESSO/7' || exit 69
export OMP_NUM_THREADS=1
ulimit -s unlimited
exec /home/ann/venv/bin/python -P -m perqueue.runner.batch /home/ann/work/.perqueue/scheduler/slurm/pq-0123456789ab-7.1-c0ffee
