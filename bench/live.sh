#!/usr/bin/env bash
# The live server on this machine: tokens per second, times to first token and per token of one and of eight clients; what the server adds to
# each token; memory of a thousand streams. Models with random weights are made first, in a folder of their own that is kept for the next time.
# Usage: bench/live.sh [REQUESTS_PER_CLIENT] [MODEL…]     (default: 6 r110m r1.1b)
set -euo pipefail
cd "${BASH_SOURCE[0]%/*}/.."
rounds="${1:-6}"
shift || true
shapes=("${@:-}")
[[ -n "${shapes[0]}" ]] || shapes=(r110m r1.1b)
models="${ORRERY_BENCH_MODELS:-${TMPDIR:-/tmp}/orrery-bench-models}"
mkdir -p "$models"
port=18473
work="$(mktemp -d)"
server=""
finish() {
  [[ -z "$server" ]] || kill "$server" 2> /dev/null || true
  rm -rf "$work"
}
trap finish EXIT
./orrery --version > /dev/null

serve() { # flags…
  ./orrery serve --port "$port" --no-color "$@" > "$work/out" 2> /dev/null &
  server=$!
  for ((i = 0; i < 600; i++)); do
    grep -q listening "$work/out" && return
    sleep 0.1
  done
  echo "the server did not start" >&2
  exit 1
}

stop() {
  kill "$server"
  wait "$server" || true
  server=""
}

figure() { sed -n "s/.*\"$1\": *\([0-9.e+-]*\).*/\1/p" "$work/load.json" | head -1; }

load() { # model, clients, requests, prompt, output
  ./orrery load --url "http://127.0.0.1:$port" --model "$1" --clients "$2" --requests "$3" --warmup 2 --extra '{"temperature": 0}' --set "traffic.prompt=$4" --set "traffic.output=$5" --quiet --json "$work/load.json"
}

median() { # key of a distribution
  tr -d '\n' < "$work/load.json" | sed -n "s/.*\"$1\": *{\([^}]*\)}.*/\1/p" | sed -n 's/.*"p50": *\([0-9.e+-]*\).*/\1/p'
}

echo "| model       | clients | output tokens/s | TTFT p50, s | TPOT p50, ms |"
echo "|-------------|--------:|----------------:|------------:|-------------:|"
for shape in "${shapes[@]}"; do
  file="$models/$shape-Q8_0.gguf"
  [[ -f "$file" ]] || ./orrery model make "$file" --shape "$shape" --type Q8_0 --quiet
  serve --model "$file"
  for clients in 1 8; do
    load "$shape-Q8_0" "$clients" $((clients * rounds)) 128 128
    awk -v m="$shape-Q8_0" -v c="$clients" -v t="$(figure outputTokensPerSecond)" -v f="$(median ttftSeconds)" -v p="$(median tpotSeconds)" \
      'BEGIN {printf "| %-11s | %7d | %15.1f | %11.3f | %12.1f |\n", m, c, t, f, p * 1000}'
  done
  stop
done

serve --max-requests 2000
load tiny-kjv 8 64 16 64
before="$(awk '/^VmRSS/ {print $2}' "/proc/$server/status")"
load tiny-kjv 1000 2000 16 64
peak="$(awk '/^VmHWM/ {print $2}' "/proc/$server/status")"
echo
awk -v b="$before" -v p="$peak" 'BEGIN {printf "1,000 streams at once: %.0f MiB more than before at the peak (%.0f MiB resident)\n", (p - b) / 1024, p / 1024}'
stop
