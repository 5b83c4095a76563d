# shellcheck shell=bash
# Sourced by the scripts beside it: one row of a table for a run of the command line, repeated $repeats times, the median by CPU seconds.
measure() { # name, arguments…
  local name="$1"
  shift
  local rows=""
  for ((i = 0; i < repeats; i++)); do
    if [[ -x /usr/bin/time ]]; then
      rows+="$( { /usr/bin/time -f '%U %S %e %M' ./orrery "$@" > /dev/null; } 2>&1 | tail -1 | awk '{printf "%.2f %.2f %.0f", $1 + $2, $3, $4 / 1024}')"$'\n'
    else
      TIMEFORMAT='%U %S %R'
      rows+="$( { time ./orrery "$@" > /dev/null; } 2>&1 | tail -1 | awk '{printf "%.2f %.2f -", $1 + $2, $3}')"$'\n'
    fi
  done
  local median
  median="$(sort -n <<< "${rows%$'\n'}" | sed -n "$(((repeats + 1) / 2))p")"
  awk -v name="$name" '{printf "| %-52s | %6s | %6s | %6s |\n", name, $1, $2, $3}' <<< "$median"
}
