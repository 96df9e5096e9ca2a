#!/bin/sh
# Starts nginx: says to it what only the container knows, its port, its addresses and where it may write.
set -eu

fail() {
    printf 'error: %s\n' "$1" >&2
    exit 1
}

# The name of a variable, its value, the largest that it may have.
check_number() {
    case $2 in
        '' | *[!0-9]* | 0* | ??????*) fail "\`$1\` is \`$2\`: expected a number from 1 to $3" ;;
    esac
    [ "$2" -le "$3" ] || fail "\`$1\` is \`$2\`: expected a number from 1 to $3"
}

port=${PORT:-8080}
workers=${WEB_CONCURRENCY:-1}
check_number PORT "$port" 65535
check_number WEB_CONCURRENCY "$workers" 512

directory=
for base in "${TMPDIR:-/tmp}" /tmp /dev/shm; do
    directory=$(mktemp -d "$base/nginx.XXXXXXXX" 2>/dev/null) && break
done
[ -n "$directory" ] || fail 'nothing can be written to `/tmp` nor to `/dev/shm`: mount a tmpfs at `/tmp`'

# nginx cannot listen on IPv6 where the kernel has none.
ipv6=
if read -r _ 2>/dev/null </proc/net/if_inet6; then
    ipv6="listen [::]:$port;"
fi

# nginx opens its standard output by name, which a socket does not let it do.
access_log='/dev/stdout combined'
if ! (: >>/dev/stdout) 2>/dev/null; then
    access_log=off
    printf 'warning: standard output cannot be opened a second time, so there is no access log\n' >&2
fi

cat >"$directory/listen.conf" <<END
listen $port;
$ipv6
END

cat >"$directory/nginx.conf" <<END
daemon off;
worker_processes $workers;
pid nginx.pid;
error_log stderr;
events {
    worker_connections 1024;
}
http {
    access_log $access_log;
    client_body_temp_path body;
    fastcgi_temp_path fastcgi;
    proxy_temp_path proxy;
    scgi_temp_path scgi;
    uwsgi_temp_path uwsgi;
    include ${0%/*}/site.conf;
}
END

exec /usr/sbin/nginx -p "$directory/" -c "$directory/nginx.conf"
