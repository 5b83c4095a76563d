#!/usr/bin/env bash
# How time and memory grow with requests and with replicas: whole processes, start to result. The traffic of w1 at 3 requests a second and
# replica, over fleets of one kind under several policies; then a million requests over a thousand replicas. Usage: bench/fleets.sh [REPEATS]
set -euo pipefail
cd "${BASH_SOURCE[0]%/*}/.."
# shellcheck disable=SC2034 # measure.sh reads it
repeats="${1:-3}"
./orrery --version > /dev/null
source bench/measure.sh

fleet() { # name, replicas, requests, flags…
  local name="$1" replicas="$2" requests="$3"
  shift 3
  measure "$name, $replicas replicas, $requests requests" simulate scenarios/w1.yaml --json - --no-intervals \
    --set fleet.0.replicas="$replicas" --set traffic.requests="$requests" --set traffic.rate="$((3 * replicas))/s" "$@"
}

split() { # replicas of each phase, requests
  measure "prefill and decode, 2 x $1 replicas, $2 requests" simulate scenarios/w1.yaml --json - --no-intervals \
    --set "fleet=[{device: a100-sxm-80gb, replicas: $1, role: prefill, scheduler: vllm-v0, memory: {prefixCache: false}}, {device: a100-sxm-80gb, replicas: $1, role: decode, scheduler: vllm-v0, memory: {prefixCache: false}}]" \
    --set traffic.requests="$2" --set traffic.rate="$((6 * $1))/s" --set "links={bandwidth: 25GB/s}"
}

llumnix=(--set router=llumnix --set rebalancer=llumnix --set "observation={interval: 50ms}" --set fleet.0.scheduler=vllm-v0 --set "fleet.0.memory={prefixCache: false}")

echo "| workload                                             |  CPU s | wall s | MiB    |"
echo "|------------------------------------------------------|-------:|-------:|-------:|"
for requests in 10000 100000 1000000; do fleet "round-robin" 4 "$requests" --set router=round-robin; done
for replicas in 1 10 100 1000; do fleet "round-robin" "$replicas" 1000000 --set router=round-robin; done
for replicas in 10 100 1000; do fleet "least-loaded" "$replicas" 1000000 --set router=least-loaded; done
for replicas in 10 100 1000; do fleet "llumnix, seen every 50 ms" "$replicas" 1000000 "${llumnix[@]}"; done
for replicas in 5 50 500; do split "$replicas" 1000000; done
