# What the C suites share: checks that are counted, and a folder that goes away.
checks=0
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
WARNINGS=(-Wall -Wextra -Wpedantic -Werror)

say() { printf '== %s\n' "$*"; }

# check COMMAND...: it must succeed.
check() {
    "$@" || { echo "not so: $*" >&2; exit 1; }
    checks=$((checks + 1))
}

# same WHAT SEEN WANTED
same() {
    [ "$2" = "$3" ] || { printf '%s is:\n%s\nand not:\n%s\n' "$1" "$2" "$3" >&2; exit 1; }
    checks=$((checks + 1))
}

hold() { printf '  %d checks hold: %s\n' "$checks" "$1"; }
