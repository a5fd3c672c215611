#!/usr/bin/env bash
# Installs what the tests need from Debian or Ubuntu. Does nothing when everything is there;
# without root it only says what is missing, and those tests are left out by name.
set -u
missing=()
need() { command -v "$1" >/dev/null 2>&1 || missing+=("$2"); }
need xmlsec1 xmlsec1
need javac default-jdk-headless
need softhsm2-util softhsm2
need node nodejs
need npm npm
need mariadbd mariadb-server
need chromium chromium
need pg_dump postgresql-client
need systemd-analyze systemd
ldconfig -p 2>/dev/null | grep -q libpangoft2-1.0 || missing+=(libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0)
[ -d /usr/share/fonts/truetype/dejavu ] || missing+=(fonts-dejavu-core)
[ -d /usr/lib/postgresql ] || command -v initdb >/dev/null 2>&1 || missing+=(postgresql)
[ ${#missing[@]} -eq 0 ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "Cài gói hệ thống cho kiểm thử / Installing system packages for the tests: ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq && apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
else
  echo "Thiếu / Missing: ${missing[*]} — cài bằng quyền root để chạy đủ kiểm thử / install them as root to run every test"
fi
exit 0
