# The first process of a task's container. It runs the script and, when asked, the after_script, and
# tells in the output, between record separators, how they went. Orders come as signals, since every
# engine can send those: TERM ends what runs, USR2 kills it, USR1 asks for the after_script.
# Arguments: nonce, working directory, "go" or "hold" (until state/go exists), "one" stream, "two" or
# "carried" (another container carries stderr on, see carry.sh), ports to wait for.
# Only what every POSIX shell has built in may be used here, and sleep.
nonce=$1 work=$2 gate=$3 streams=$4
shift 4
home=/formicary
phase=waiting order='' interrupted='' child='' mixed=''

nap() { sleep 0.1 2>/dev/null || sleep 1; }

if [ "$streams" = one ]; then
  exec 2>&1
elif [ "$streams" = carried ]; then
  until [ -p "$home/stderr" ] || [ -e "$home/mixed" ]; do nap; done
  if [ -e "$home/mixed" ]; then
    exec 2>&1
    mixed=mixed
  else
    exec 2>"$home/stderr"
  fi
fi

mkdir -p "$home/state" 2>/dev/null

# On each stream, so that nothing a script wrote comes after the mark of its end.
tell() {
  printf '\036%s %s\036\n' "$nonce" "$*"
  [ "$streams" = one ] || printf '\036%s %s\036\n' "$nonce" "$*" >&2
}

each() {
  [ "$phase" = waiting ] && exit 143
  interrupted=1
  # As process 1 it is in a namespace of its own, where -1 is everything of the task.
  if [ $$ = 1 ]; then
    kill -"$1" -1
  elif [ -n "$child" ]; then
    kill -"$1" "$child"
  fi 2>/dev/null
}
trap 'each TERM' TERM
trap 'each KILL' USR2
trap 'order=after' USR1

count_kills() {
  kills=0
  for file in /sys/fs/cgroup/memory.events /sys/fs/cgroup/memory/memory.oom_control; do
    [ -r "$file" ] && while read -r key value; do
      [ "$key" = oom_kill ] && kills=$value
    done <"$file"
  done
}

run() {
  phase=running
  mkdir -p "$work" 2>/dev/null
  cd "$work" || cd /
  count_kills
  before=$kills interrupted=''
  /bin/sh "$home/ctl/$1.sh" &
  child=$!
  wait "$child" 2>/dev/null
  code=$?
  while [ -n "$interrupted" ]; do
    interrupted=''
    wait "$child" 2>/dev/null
    again=$?
    [ $again = 127 ] || code=$again
  done
  child='' phase=idle
  count_kills
  item=-
  [ -r "$home/state/$1.position" ] && read -r item <"$home/state/$1.position"
  ending="$1 $code $item $((kills - before))" times=0
  tell_end
}

# Again and again while nothing else is to do: engines that turn their logs over may lose one.
tell_end() {
  times=$((times + 1))
  # shellcheck disable=SC2086
  tell ended $ending $times
}

# Whether somebody listens: protocol, port as four hexadecimal digits.
listens() {
  for file in "/proc/net/$1" "/proc/net/${1}6"; do
    [ -r "$file" ] && while read -r _ local _ state _; do
      case $local:$state in *:"$2":0A | *:"$2":07) return 0 ;; esac
    done <"$file"
  done
  return 1
}

naps=0
while [ "$gate" = hold ] && [ ! -e "$home/state/go" ]; do
  # Whoever has found this on all streams follows them, and lets the scripts begin.
  naps=$((naps + 1)) told=no
  if [ $naps -lt 100 ] || [ $((naps % 50)) = 0 ]; then told=yes; fi
  [ $told = yes ] && tell waiting $naps
  nap
done
for port in "$@"; do
  number=$(printf %04X "${port#*:}")
  until listens "${port%%:*}" "$number"; do nap; done
done
tell ready $mixed
[ "$gate" = probe ] && exit 0
run script
while :; do
  seconds=0
  until [ -n "$order" ]; do
    sleep 1 &
    wait $!
    seconds=$((seconds + 1))
    [ $((seconds % 5)) = 0 ] && tell_end
  done
  order=''
  run after
done
