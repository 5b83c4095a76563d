#!/usr/bin/env bash
# The soak of the live server, ten minutes by default: half as much again as it can do, clients that hang up anywhere. Every answer must be the
# known one or its beginning, every refusal 429 or 503, the heap flat, all KV blocks free at the end, and the tape must replay.
# Usage: bench/soak.sh [SECONDS]
set -euo pipefail
cd "${BASH_SOURCE[0]%/*}/.."
dotnet build tests/Live.Tests -c Release --nologo -v quiet
ORRERY_SOAK_SECONDS="${1:-600}" exec dotnet tests/Live.Tests/bin/Release/net10.0/Orrery.Live.Tests.dll -noLogo -showLiveOutput -class '*SoakTests'
