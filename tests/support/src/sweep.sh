# Kills whatever works in the folder $1 and removes the folder.
sweep() {
    for _ in 1 2; do
        while
            found=$(find /proc/[0-9]*/cwd -maxdepth 0 \
                \( -lname "$1" -o -lname "$1/*" -o -lname "$1 (deleted)" -o -lname "$1/* (deleted)" \) \
                2>/dev/null | cut -d / -f 3)
            [ -n "$found" ]
        do
            kill -KILL $found 2>/dev/null
            sleep 0.01
        done
        # PostgreSQL that is killed leaves a piece of shared memory; the seventh line says which.
        ipcrm -m "$(sed -n '7s/.* //p' "$1/data/postmaster.pid" 2>/dev/null)" 2>/dev/null
        rm -rf "$1"
        # Once more: a server that was just being started may have come in meanwhile.
    done
}
