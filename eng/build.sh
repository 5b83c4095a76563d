#!/usr/bin/env bash
# Publishes the program into artifacts/app/<id> and names it in artifacts/app/current. Two callers at once build one after the other,
# and a running program keeps its own folder: only older ones are removed.
set -euo pipefail

root="$(cd "${BASH_SOURCE[0]%/*}/.." && pwd -P)"
apps="$root/artifacts/app"
current="$apps/current"
log="$root/artifacts/build.log"
project="$root/src/Cli/Cli.csproj"
mkdir -p "$apps"

say() { if [[ -t 2 || ! -f "$current" ]]; then echo "orrery: $*" >&2; fi; }

if ! dotnet --list-sdks 2>/dev/null | grep -qE '^(1[0-9]|[2-9][0-9])\.'; then
  echo "orrery: the .NET SDK 10.0 is missing (dotnet is there, the SDK is not); install it from https://dotnet.microsoft.com/download/dotnet/10.0" >&2
  exit 2
fi

waited_for_another=false
if command -v flock > /dev/null; then
  exec 9> "$root/artifacts/build.lock"
  flock -n 9 || { say "waiting for another build"; waited_for_another=true; flock 9; }
else
  # Without flock a folder is the lock; it goes when this script ends, however it ends.
  until mkdir "$root/artifacts/build.lock.d" 2>/dev/null; do waited_for_another=true; sleep 0.3; done
  trap 'rmdir "$root/artifacts/build.lock.d"' EXIT
fi

if $waited_for_another && [[ -f "$current" ]] && [[ -z "$(find "$root/src" "$root/catalog" "$root/scenarios" \
    \( -name bin -o -name obj \) -prune -o -newer "$current" -print -quit)" ]]; then
  exit 0
fi

began="$apps/.began"
touch "$began"
id="$(date +%s)-$$"
if [[ -f "$current" ]]; then say "sources changed, building"; else say "first build, this takes about a minute"; fi

# The lock's descriptor must not pass to build servers that outlive this script.
publish() { dotnet publish "$project" -c Release -o "$apps/$id" --artifacts-path "$root/artifacts/build" --nologo -v quiet "$@" > "$log" 2>&1 9>&-; }

if [[ "$(uname -sm)" == "Linux x86_64" ]]; then
  # Precompiled code starts in half the time; where its packages cannot be had the plain build serves.
  publish -r linux-x64 --self-contained false -p:PublishReadyToRun=true -p:PublishReadyToRunComposite=true || { grep -q 'error CS' "$log" || publish; } || failed=true
else
  publish || failed=true
fi

if [[ "${failed-false}" == true || ! -f "$apps/$id/orrery.dll" ]]; then
  rm -rf "${apps:?}/$id"
  grep -E 'error' "$log" | sort -u | head -20 >&2 || tail -20 "$log" >&2
  echo "orrery: the build failed; the whole log is $log" >&2
  exit 3
fi

previous="$(cat "$current" 2>/dev/null || true)"
echo "$id" > "$apps/.next"
touch -r "$began" "$apps/.next"
mv -f "$apps/.next" "$current"
for folder in "$apps"/*/; do
  name="$(basename "$folder")"
  [[ "$name" == "$id" || "$name" == "$previous" ]] || rm -rf "$folder"
done
