#!/usr/bin/env bash
# A SLURM of one node for tests, as root, without systemd, control groups and accounting:
#   slurm.sh up DIR     starts it; `source DIR/env.sh` then makes sbatch, squeue and scontrol use it
#   slurm.sh down DIR   ends its jobs and its three daemons, and no others
# It needs Debian's packages slurmctld, slurmd, slurm-client, munge and slurm-wlm-basic-plugins. The node says that it
# has 16 CPUs, 64 GB and 4 GPUs, whatever the machine has: SLURM takes that for granted, and jobs run on what there is.
set -euo pipefail
PATH=$PATH:/usr/sbin
command=${1:?up or down} dir=$(realpath -m "${2:?a folder}")
daemons=(slurmd slurmctld munged)

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# End the daemon of a pid file, if the process is still that daemon.
stop() {
  local file=$dir/run/$1.pid pid
  [ -s "$file" ] || return 0
  pid=$(cat "$file")
  grep -qsz "$1" "/proc/$pid/cmdline" || return 0
  kill "$pid"
  for _ in $(seq 100); do [ -d "/proc/$pid" ] || return 0; sleep 0.1; done
  kill -9 "$pid"
}

configure() {
  local host=$1
  # Memory of jobs is read every second, and who takes too much is killed, as control groups would do it.
  cat >"$dir/slurm.conf" <<END
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$(free_port)
SlurmdPort=$(free_port)
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
AuthType=auth/munge
AuthInfo=socket=$dir/run/munge.socket
CredType=cred/munge
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool
SlurmctldPidFile=$dir/run/slurmctld.pid
SlurmdPidFile=$dir/run/slurmd.pid
SlurmctldLogFile=$dir/log/slurmctld.log
SlurmdLogFile=$dir/log/slurmd.log
SlurmdParameters=config_overrides
SwitchType=switch/none
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/filetxt
JobCompLoc=$dir/log/jobs.txt
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=5,sched_min_interval=0
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
GresTypes=gpu
ReturnToService=2
KillWait=2
MinJobAge=3600
NodeName=$host NodeAddr=127.0.0.1 CPUs=16 RealMemory=64000 Gres=gpu:4 State=UNKNOWN
PartitionName=cpu Nodes=$host MaxTime=2-0 State=UP
PartitionName=gpu Nodes=$host MaxTime=2-0 State=UP
END
  # A GPU needs a device file; any will do, since nothing opens it.
  for device in full null random zero; do echo "NodeName=$host Name=gpu File=/dev/$device"; done >"$dir/gres.conf"
}

up() {
  local host
  host=$(hostname -s)
  mkdir -p "$dir"/{run,log,state,spool,bin}
  chmod 755 "$dir" "$dir"/*
  (umask 077 && head -c 1024 /dev/urandom >"$dir/munge.key")
  munged --force --key-file="$dir/munge.key" --socket="$dir/run/munge.socket" --pid-file="$dir/run/munged.pid" \
    --log-file="$dir/log/munged.log" --seed-file="$dir/run/munged.seed" --num-threads=2
  configure "$host"
  # The plug-in's job step drops SLURM_CONF before its srun, which would look in /etc/slurm.
  printf '#!/bin/sh\nSLURM_CONF=%q exec /usr/bin/srun "$@"\n' "$dir/slurm.conf" >"$dir/bin/srun"
  chmod +x "$dir/bin/srun"
  printf 'export SLURM_CONF=%q\nexport PATH=%q:"$PATH"\n' "$dir/slurm.conf" "$dir/bin" >"$dir/env.sh"
  # shellcheck source=/dev/null
  . "$dir/env.sh"
  slurmctld -c -f "$dir/slurm.conf"
  slurmd -f "$dir/slurm.conf"
  for _ in $(seq 150); do
    [ "$(timeout 3 sinfo --noheader --format=%t 2>/dev/null | sort -u)" = idle ] && return 0
    sleep 0.2
  done
  echo "SLURM did not start:" >&2
  tail -n 5 "$dir"/log/*.log >&2
  return 1
}

down() {
  [ -f "$dir/env.sh" ] || return 0
  # shellcheck source=/dev/null
  . "$dir/env.sh"
  timeout 5 scancel --quiet --user="$(id -un)" || true
  for daemon in "${daemons[@]}"; do stop "$daemon"; done
}

case $command in
  up | down) "$command" ;;
  *) echo "slurm.sh up|down DIR" >&2 && exit 2 ;;
esac
