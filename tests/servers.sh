#!/bin/sh
# The servers that tests start on loopback as a normal user: PostgreSQL, and OpenSSH's sshd. `make test` runs this; it installs what is missing where it
# can (Debian and Ubuntu, as root), starts nothing, and says what to do where it cannot: the tests that need a server are then skipped with this reason.
set -eu
missing=
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null 2>&1 || missing="$missing postgresql"
command -v sshd >/dev/null 2>&1 || [ -x /usr/sbin/sshd ] || missing="$missing openssh-server"
command -v ssh-keygen >/dev/null 2>&1 || missing="$missing openssh-client"
[ -n "$missing" ] || exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
  echo "Some tests need${missing} (Debian's names); install them with this machine's own means. Without them these tests are skipped." >&2
  exit 0
fi
policy=/usr/sbin/policy-rc.d # while it says 101, no service is started
own=
if [ ! -e "$policy" ]; then
  own=1
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
fi
trap 'test -z "$own" || rm -f "$policy"' EXIT
export DEBIAN_FRONTEND=noninteractive
echo "installing${missing} for the tests (once)"
apt-get -qq update || true
# shellcheck disable=SC2086 # several names
apt-get -qq install -y --no-install-recommends $missing >/dev/null || echo "apt-get could not install${missing}; the tests that need them are skipped." >&2
