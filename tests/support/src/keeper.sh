# Keeps the shared server in the folder $1 as long as somebody needs it. Who uses it shares a lock
# on the file $2; the file $3 says where it is; process $4 runs the tests; process $5 starts it.
is_known() { grep -q --line-regexp --fixed-strings "$1" "$2" 2>/dev/null; }
while [ -d "/proc/$5" ] && ! is_known "$1" "$3"; do sleep 1; done
# Whoever was to start it has ended without a word about where it is: nobody will ever use it.
if ! is_known "$1" "$3"; then
    sweep "$1"
    exit
fi
exec 9>>"$2"
idle=0
while [ "$idle" -lt 30 ]; do
    sleep 1 9>&-
    if flock --nonblock --exclusive 9; then
        # The end of the tests is the end of the server. Nobody can come in until we have ended.
        [ -d "/proc/$4" ] || break
        flock --unlock 9
        idle=$((idle + 1))
    else
        idle=0
    fi
done
flock --exclusive 9
is_known "$1" "$3" && rm -f "$3"
sweep "$1"
