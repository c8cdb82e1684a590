#!/usr/bin/env bash
# MariaDB 10.11.19 (Debian 12), as installed: the next transaction reads a row before its writer's COMMIT is on disk.
#
# innodb_flush_log_at_trx_commit is 1 by default: "flush to disk at each commit". A disk whose flush takes 200 ms makes the
# order plain: one client writes a row and sends COMMIT; another waits for the row with SELECT ... FOR UPDATE and only reads it.
# Seen, in milliseconds after COMMIT was sent:
#   the reader has the new value at 1 to 5 and the answer to its own COMMIT soon after, the writer its answer at 200 or more
#   with --log-bin --sync-binlog=1 the reader has it at 400 or more, after the writer's answer
# So the flush is no part of a hot row's turn, as it is in PostgreSQL; and the reader has acted on what a loss of power would
# still take back. The page of the variable does not say which of the two comes first; that of innodb_release_locks_early, an
# option of old for servers with a binary log, has it that locks are normally released after all syncs to disk.
#
# Needs apt-get (with bookworm's packages), gcc and python3. Ends with 0 while this is so, with 1 once it is not.
set -euo pipefail
dir=$(mktemp -d); trap 'kill "$(cat "$dir/pid" 2>/dev/null)" 2>/dev/null && sleep 3; rm -rf "$dir"' EXIT; cd "$dir"
chmod 755 "$dir"
version=1:10.11.19-0+deb12u1
for package in mariadb-server-core mariadb-server mariadb-client-core; do apt-get download -qq "$package=$version" 2>/dev/null; done
apt-get download -qq liburing2 libaio1 libnuma1 2>/dev/null
for file in *.deb; do dpkg -x "$file" root; done
export LD_LIBRARY_PATH=$dir/root/usr/lib/x86_64-linux-gnu
python3 -m venv python && python/bin/pip install --quiet pymysql==1.1.2
cat > slow.c <<'C'
#include <unistd.h>
#include <sys/syscall.h>
int fsync(int fd) { usleep(200000); return syscall(SYS_fsync, fd); }
int fdatasync(int fd) { usleep(200000); return syscall(SYS_fdatasync, fd); }
C
gcc -shared -fPIC -o slow.so slow.c
mkdir data && chown -R nobody "$dir"
as=(runuser -u nobody --)
"${as[@]}" sh root/usr/bin/mariadb-install-db --no-defaults --basedir="$dir/root/usr" --srcdir= --datadir="$dir/data" \
    --auth-root-authentication-method=normal >/dev/null 2>&1
cat > run.py <<'PY'
import sys, threading, time, pymysql
def connect():
    return pymysql.connect(unix_socket=sys.argv[1], user="root", database="test")
for _ in range(100):
    try:
        writer = connect(); break
    except pymysql.Error:
        time.sleep(0.2)
reader, cursor = connect(), writer.cursor()
cursor.execute("SELECT VERSION(), @@innodb_flush_log_at_trx_commit, @@log_bin")
print("version %s, flush at commit %d, binary log %d" % cursor.fetchone())
cursor.execute("CREATE OR REPLACE TABLE t (id INT PRIMARY KEY, n INT) ENGINE=InnoDB")
cursor.execute("INSERT INTO t VALUES (1, 0)"); writer.commit()
before = 0
for n in range(1, 6):
    time.sleep(1)
    cursor.execute("UPDATE t SET n = %s WHERE id = 1", (n,))
    seen = []
    def read():
        with reader.cursor() as own:
            own.execute("SELECT n FROM t WHERE id = 1 FOR UPDATE")
            seen.append((time.monotonic(), own.fetchone()[0]))
        reader.commit()
        seen.append((time.monotonic(), None))
    thread = threading.Thread(target=read); thread.start(); time.sleep(0.3)
    sent = time.monotonic(); writer.commit(); answered = time.monotonic(); thread.join()
    ms = [1e3 * (at - sent) for at in (seen[0][0], seen[1][0], answered)]
    print("reader has n = %d at %.0f ms, its COMMIT is answered at %.0f, the writer's at %.0f" % (seen[0][1], *ms))
    before += seen[0][1] == n and ms[0] < 100 and ms[2] > 190
print(f"{before} of 5 before the flush"); sys.exit(0 if before == int(sys.argv[2]) else 1)
PY
try() {
    "${as[@]}" env LD_PRELOAD="$dir/slow.so" root/usr/sbin/mariadbd --no-defaults --basedir="$dir/root/usr" --datadir="$dir/data" \
        --skip-networking --socket="$dir/s" --pid-file="$dir/pid" --plugin-dir="$dir/root/usr/lib/mysql/plugin" "${@:2}" >log 2>&1 &
    local code=0
    python/bin/python run.py "$dir/s" "$1" || code=1
    kill "$(cat pid)"; wait $! || true
    return $code
}
try 5
try 0 --log-bin=log --sync-binlog=1 --server-id=1
