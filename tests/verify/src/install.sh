# Installs the packages $2 and following, none of which is started: tests use servers of their own,
# and nobody asked for those. Debian asks the file $1 whether it may start what it installs, and
# 101 is no (invoke-rc.d(8)).
set -e
policy=$1
shift
export DEBIAN_FRONTEND=noninteractive MAINSPRING_INSTALLS=yes
# One at a time. So a policy of ours that is there belongs to one that was killed.
exec 9<"${policy%/*}"
flock 9
# It says no to our own packages only, because a kill leaves it behind.
ours='#!/bin/sh
# Of `cargo verify`, which keeps the servers that it installs from being started, and no others.
[ -z "$MAINSPRING_INSTALLS" ] || exit 101'
if [ ! -e "$policy" ] || [ "$(cat "$policy")" = "$ours" ]; then
    # One shell, because whoever interrupts the gate does not come back to tidy up.
    trap 'rm -f "$policy" "$policy.new"' EXIT
    trap 'exit 130' INT TERM HUP
    echo "$ours" >"$policy.new"
    chmod 755 "$policy.new"
    mv "$policy.new" "$policy"
fi
apt-get update -q
apt-get install -q -y --no-install-recommends "$@"
