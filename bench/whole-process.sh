#!/usr/bin/env bash
# Whole-process figures of the speed workloads, start to result: CPU seconds (user + system), wall seconds and, where GNU time is
# installed, peak memory. Each run is repeated; the median by CPU seconds is printed. Usage: bench/whole-process.sh [REPEATS]
set -euo pipefail
cd "${BASH_SOURCE[0]%/*}/.."
repeats="${1:-5}"
./orrery --version > /dev/null

source bench/measure.sh

run() { local name="$1" file="$2"; shift 2; measure "$name" simulate "scenarios/$file.yaml" --json - "$@"; }

echo "| workload                                             |  CPU s | wall s | MiB    |"
echo "|------------------------------------------------------|-------:|-------:|-------:|"
measure "catalog devices" catalog devices
run "w1, 10,000 requests" w1
run "w1, 10,000 requests, single steps" w1 --no-fast-forward
run "w2, 10,000 requests, 4 replicas" w2
run "w2, 10,000 requests, 4 replicas, single steps" w2 --no-fast-forward
run "w1, 100,000 requests" w1 --set traffic.requests=100000
run "w1, 1,000,000 requests" w1 --set traffic.requests=1000000
run "w1, 1,000,000 requests, single steps" w1 --set traffic.requests=1000000 --no-fast-forward
run "w1-like, 1,000,000 requests over 1,000 replicas" w1 --set traffic.requests=1000000 --set traffic.rate=3000/s \
  --set fleet.0.replicas=1000 --set router=round-robin
