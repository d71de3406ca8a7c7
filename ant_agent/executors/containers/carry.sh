# Run by the container of a pod that carries the stderr of the scripts on: what it writes is theirs,
# and it ends when nobody is left who could write. Where its image has not what that takes, it says
# so by a file, and the streams stay one.
home=/formicary
umask 0
if cat </dev/null 2>/dev/null && mkfifo "$home/stderr" 2>/dev/null; then
  exec cat <"$home/stderr"
fi
: >"$home/mixed"
