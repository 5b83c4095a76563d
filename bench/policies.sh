#!/usr/bin/env bash
# What each scheduler costs to simulate: requests of w1 per CPU second of the whole process, start included, and its lines of code
# (non-blank, of its folder). Usage: bench/policies.sh [REQUESTS]
set -euo pipefail
cd "${BASH_SOURCE[0]%/*}/.."
requests="${1:-20000}"
./orrery --version > /dev/null

folder_of() { # the folder whose options the registry names beside the plug-in
  local options
  options="$(grep -A1 "Plugin(\"$1\"" src/Serving/Systems/Schedulers.cs | grep -o '[A-Za-z0-9]*Options\.Set' | head -1)"
  dirname "$(grep -rl "record ${options%.Set} " src/Serving/Systems --include='*.cs' | head -1)"
}

echo "| scheduler        | requests/s | CPU s | lines |"
echo "|------------------|-----------:|------:|------:|"
for name in $(./orrery catalog schedulers --json - | grep -o '"name": *"[^"]*"' | cut -d'"' -f4 | sort -u); do
  TIMEFORMAT='%U %S'
  seconds="$( { time ./orrery simulate scenarios/w1.yaml --set "fleet.0.scheduler.use=$name" --set "traffic.requests=$requests" --json - > /dev/null; } 2>&1 | tail -1 | awk '{print $1 + $2}')"
  lines="$(cat "$(folder_of "$name")"/*.cs | grep -c '[^[:space:]]' || true)"
  awk -v n="$name" -v s="$seconds" -v r="$requests" -v l="$lines" 'BEGIN {printf "| %-16s | %10d | %5.2f | %5d |\n", n, r / s, s, l}'
done
