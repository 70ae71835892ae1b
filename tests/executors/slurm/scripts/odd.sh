#!/bin/bash
#SBATCH --partition=xeon24
#SBATCH --time=10
#SBATCH --nodes=1
#SBATCH --ntasks=8
#SBATCH --cpus-per-task=1
#SBATCH --no-requeue
#SBATCH --signal=B:USR1@60
#SBATCH --export=ALL
#SBATCH --job-name=na_ve_relax_SBATCH_--uid_0:pq-0123456789ab-7.1-c0ffee
#SBATCH --comment=pq-0123456789ab-7.1-c0ffee
#SBATCH --chdir="/home/ann/it's \"odd\" $HOME `id` 100%"
#SBATCH --output="/home/ann/it's odd/100%j\\\\x"
#SBATCH --open-mode=append
trap '' USR1
exec /home/ann/venv/bin/python -P -m perqueue.runner.batch '/home/ann/it'"'"'s odd/x'
