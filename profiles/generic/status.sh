#!/bin/sh
# What has become of a job of PBS, for cluster-generic-status-cmd: "running" (or waiting), "success" or "failed".
# Without it, a job that the scheduler ends would be waited for without end.
told=$(qstat -x -f "$1" 2>/dev/null) || { echo running; exit; } # the server did not answer: ask again later
case $told in
*"Exit_status = 0"*) echo success ;;
*"Exit_status = "*) echo failed ;;
*"job_state = F"*) echo failed ;; # deleted before it ran
*) echo running ;;
esac
