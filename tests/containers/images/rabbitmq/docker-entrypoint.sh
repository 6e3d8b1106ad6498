#!/bin/sh
# As the official image: root gives the data to user rabbitmq and becomes it; the environment may name a first account.
set -eu

if [ "$1" = rabbitmq-server ] && [ "$(id -u)" = 0 ]; then
    find /var/lib/rabbitmq ! -user rabbitmq -exec chown rabbitmq '{}' +
    exec setpriv --reuid=rabbitmq --regid=rabbitmq --init-groups "$0" "$@"
fi

if [ "$1" = rabbitmq-server ]; then
    conf=/etc/rabbitmq/conf.d/10-defaults.conf
    for setting in user pass vhost; do
        eval "value=\${RABBITMQ_DEFAULT_$(echo "$setting" | tr '[:lower:]' '[:upper:]'):-}"
        if [ -n "$value" ] && ! grep -q "^default_$setting =" "$conf"; then
            echo "default_$setting = $value" >>"$conf"
        fi
    done
fi

exec "$@"
