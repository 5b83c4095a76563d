#!/usr/bin/env bash
# The CPU engine beside this machine's ceilings: prefill, decode and batched decode of two shapes in two types, models made for the purpose.
# Takes some four minutes and 1.2 GB in the folder for temporary files. Usage: bench/engine.sh [REPEATS]
set -euo pipefail
cd "${BASH_SOURCE[0]%/*}/.."
./orrery bench engine --shape r110m,r1.1b --type Q8_0,Q4_0 --repeat "${1:-3}"
