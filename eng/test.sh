#!/usr/bin/env bash
# Installs what the tests need, builds them, runs every test project and closes with one line: N passed, N failed, N skipped.
# Arguments pick projects by name (House, Kernel, …); what follows '--' goes to the test runner, such as -- -class '*Clock*'.
set -uo pipefail

root="$(cd "${BASH_SOURCE[0]%/*}/.." && pwd -P)"
cd "$root" || exit 3
results="$root/artifacts/test-results"
mkdir -p "$results"
rm -f "$results"/*.trx "$results"/*.log

wanted=()
while [[ $# -gt 0 ]]; do
  case "$1" in
    --) shift; break ;;
    -h | --help) echo "Usage: ./orrery test [PROJECT…] [-- runner flags]"; echo "Example: ./orrery test Kernel House"; exit 0 ;;
    *) wanted+=("$1"); shift ;;
  esac
done

# Browser tests need npm packages and Chromium; a project that has none is not made to wait for them.
if [[ -f web/package.json ]]; then
  if command -v npm > /dev/null; then
    [[ -d web/node_modules ]] || (cd web && npm ci --no-audit --no-fund > "$results/npm.log" 2>&1) || echo "npm could not install the packages of web/: its tests are skipped" >&2
  else
    echo "npm is not installed: the tests of web/ are skipped" >&2
  fi
  if ! command -v chromium > /dev/null; then
    if [[ $EUID -eq 0 && -f /etc/debian_version ]]; then
      (apt-get update && apt-get install -y --no-install-recommends chromium) > "$results/chromium.log" 2>&1 || echo "Chromium could not be installed: browser tests are skipped" >&2
    else
      echo "Chromium is not installed and this is not root on Debian: browser tests are skipped" >&2
    fi
  fi
fi

# Exact placements are checked against an integer solver.
if ! command -v cbc > /dev/null; then
  if [[ $EUID -eq 0 && -f /etc/debian_version ]]; then
    (apt-get update && apt-get install -y --no-install-recommends coinor-cbc) > "$results/cbc.log" 2>&1 || echo "the integer solver cbc could not be installed: its tests are skipped" >&2
  else
    echo "the integer solver cbc is not installed and this is not root on Debian: its tests are skipped" >&2
  fi
fi

# The official JavaScript client speaks to the server in its tests.
if command -v npm > /dev/null; then
  [[ -d tests/clients/js/node_modules ]] || (cd tests/clients/js && npm ci --no-audit --no-fund > "$results/npm-clients.log" 2>&1) \
    || echo "npm could not install the JavaScript client: its test is skipped" >&2
fi

projects=()
for project in tests/*/*.csproj; do
  name="$(basename "$project" .Tests.csproj)"
  if [[ ${#wanted[@]} -eq 0 ]]; then projects+=("$name"); continue; fi
  for pick in "${wanted[@]}"; do [[ "${pick,,}" == "${name,,}" ]] && projects+=("$name"); done
done
if [[ ${#projects[@]} -eq 0 ]]; then
  echo "no test project is called ${wanted[*]}; there are: $(cd tests && ls -d *.Tests | sed 's/\.Tests//' | tr '\n' ' ')" >&2
  exit 2
fi

echo "building ${#projects[@]} test projects"
targets=(Orrery.slnx)
if [[ ${#wanted[@]} -gt 0 ]]; then
  targets=()
  for name in "${projects[@]}"; do targets+=("tests/$name.Tests/$name.Tests.csproj"); done
fi
for target in "${targets[@]}"; do
  if ! dotnet build "$target" -c Release --nologo -v quiet > "$results/build.log" 2>&1; then
    grep -E ' error |: error' "$results/build.log" | sort -u | head -20 >&2
    echo "the build failed; the whole log is $results/build.log" >&2
    echo "0 passed, 1 failed, 0 skipped"
    exit 1
  fi
done

# The real-process tests run the launcher; its build is made once, before them.
"$root/orrery" --version > /dev/null || exit 3

outcome() { grep -o '<UnitTestResult [^>]*' "$1" | grep -c "outcome=\"$2\""; }

passed=0 failed=0 skipped=0
for name in "${projects[@]}"; do
  trx="$results/$name.trx"
  log="$results/$name.log"
  SECONDS=0
  dotnet "tests/$name.Tests/bin/Release/net10.0/Orrery.$name.Tests.dll" -noLogo -noColor -trx "$trx" "$@" > "$log" 2>&1
  code=$?
  if [[ ! -s "$trx" ]]; then
    # A runner that ends without results (a crash, a missing framework) counts as one failure, never as silence.
    tail -20 "$log" >&2
    echo "  $name: the runner ended with code $code and without results"
    failed=$((failed + 1))
    continue
  fi
  p=$(outcome "$trx" Passed) f=$(outcome "$trx" Failed) s=$(outcome "$trx" NotExecuted)
  if [[ $code -ne 0 && $f -eq 0 && $((p + s)) -gt 0 ]]; then f=1; fi
  [[ $f -gt 0 ]] && grep -vE '^\s*$|Discover|Starting:|Finished:' "$log" | tail -60 >&2
  printf '  %-12s %5d passed %3d failed %3d skipped  %4d s\n' "$name" "$p" "$f" "$s" "$SECONDS"
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
done

echo "$passed passed, $failed failed, $skipped skipped"
[[ $failed -eq 0 ]]
