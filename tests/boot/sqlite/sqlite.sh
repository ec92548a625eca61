#!/bin/sh
# SPDX-License-Identifier: MIT
# sqlite, as a user of its shell meets it, and as several processes do who share a database.

. /boot/check.sh
need_program sqlite3
cd /tmp || exit 1
busy="database is locked"

# A process that has the database open and does what `tell` says; it answers by a line.
open_other() {
    mkfifo in out
    sqlite3 -batch "$@" <in >out 2>&1 &
    other=$!
    exec 3>in 4<out
}
tell() {
    echo "$1" >&3
    read -r reply <&4
    echo "$reply"
}
close_other() {
    exec 3>&- 4<&-
    wait $other
    rm in out
}
# Of what it says of a failure, the reason.
reason() {
    grep -o -e "database is locked" -e "UNIQUE constraint failed: t.n"
}

check "it calculates" "3.0|fos" "sqlite3 :memory: \"select sqrt(9), 'fo' || 's'\""
check "a database is made and filled" "2|6" \
    'sqlite3 a.db "create table t (n integer primary key, s text);
        insert into t values (1, '"'one'"'), (2, '"'three'"'), (4, null);
        select count(s), max(n) + 2 from t"'
check "another process finds it there" "$(lines '1|one' '2|three' '4|')" \
    'sqlite3 a.db "select * from t"'
check "a rollback takes back" "3" \
    'sqlite3 a.db "begin; delete from t; rollback; select count(*) from t"'
check "a savepoint takes back its part" "4" \
    'sqlite3 a.db "begin; insert into t values (5, 0); savepoint s; delete from t;
        rollback to s; commit; select count(*) from t"'
check "a constraint refuses, and nothing of the statement stays" \
    "$(lines "UNIQUE constraint failed: t.n" 4)" \
    'sqlite3 a.db "insert into t select n + 3, s from t" 2>&1 | reason
        sqlite3 a.db "select count(*) from t"'
check "four thousand rows and an index over them" "$(lines '4000|8002000' 'ok')" \
    'sqlite3 b.db "create table r (i integer primary key, k integer, s text); begin;
        with recursive n(i) as (select 1 union all select i + 1 from n where i < 4000)
            insert into r select i, i * 7919 % 4001, hex(randomblob(20)) from n;
        commit; create index rk on r (k); select count(*), sum(k) from r;
        pragma integrity_check"'
check "the index is used, and finds" "$(lines 'QUERY PLAN' '`--SEARCH r USING COVERING INDEX rk (k=?)' '1')" \
    'sqlite3 b.db "explain query plan select i from r where k = 3918;
        select i from r where k = 3918"'
check "rows come sorted" "$(lines 1 2 3)" 'sqlite3 b.db "select k from r order by k limit 3"'
check "a full vacuum leaves the same" "$(lines '2000|ok')" \
    'sqlite3 b.db "delete from r where k % 2; vacuum"
        echo "$(sqlite3 b.db "select count(*) from r")|$(sqlite3 b.db "pragma integrity_check")"'

check ".tables and .schema" "$(lines t 'CREATE TABLE t (n integer primary key, s text);')" \
    'sqlite3 a.db .tables .schema'
check ".dump makes it anew" "same" \
    'sqlite3 a.db .dump | sqlite3 c.db; sqlite3 a.db .dump >1; sqlite3 c.db .dump >2; cmp 1 2 && echo same'
check ".import and .mode read and write CSV" "$(lines 'n,word' '1,"a b"' '2,c')" \
    'lines "n,word" "1,a b" "2,c" >d.csv
        sqlite3 :memory: ".import --csv d.csv d" ".headers on" ".mode csv" "select * from d" |
        tr -d "\r"'
check ".backup copies" "4" 'sqlite3 a.db ".backup e.db"; sqlite3 e.db "select count(*) from t"'
check "a script on its input, and what .output writes" "4" \
    'lines ".output o" "select count(*) from t;" | sqlite3 a.db; cat o'

open_other -cmd ".timeout 120000" a.db
check "a writer begins" "begun" 'tell "begin immediate; insert into t values (6, 6); select '"'begun'"';"'
check "another one is told that the database is locked" "$busy" \
    'sqlite3 a.db "insert into t values (7, 7)" 2>&1 | reason'
check "who reads is not kept from it, and sees what was" "4" 'sqlite3 a.db "select count(*) from t"'
sqlite3 -cmd ".timeout 120000" a.db "insert into t values (8, 8)" &
waiter=$!
check "it commits" "done" 'tell "commit; select '"'done'"';"'
wait $waiter
check "who was willing to wait has written" "6" 'sqlite3 a.db "select count(*) from t"'
check "who holds it for himself keeps readers out" "$busy" \
    'tell "begin exclusive; select 0;" >/dev/null; sqlite3 a.db "select count(*) from t" 2>&1 | reason'
close_other
check "who ends without a commit has changed nothing" "6" 'sqlite3 a.db "select count(*) from t"'

open_other b.db
check "a writer is killed in the middle, its journal left" "b.db-journal" \
    'tell "pragma cache_size = 10; begin; update r set s = s || '"'x'"'; select 1;" >/dev/null;
        kill -KILL $other; ls b.db-journal'
close_other 2>/dev/null
check "the next one takes back what the dead one wrote" "$(lines '0|2000' ok)" \
    'sqlite3 b.db "select sum(s like '"'%x'"'), count(*) from r; pragma integrity_check"; [ ! -e b.db-journal ]'

check "write-ahead logging is switched on" "wal" 'sqlite3 a.db "pragma journal_mode = wal"'
open_other a.db
check "a reader's view stands" "6" 'tell "begin; select count(*) from t;"'
check "while another one writes" "7" 'sqlite3 a.db "insert into t values (9, 9); select count(*) from t"'
check "until it ends" "$(lines 6 7)" 'tell "select count(*) from t;"; tell "commit; select count(*) from t;"'
close_other
check "the last one to close leaves one sound file" "$(lines ok a.db)" \
    'sqlite3 a.db "pragma integrity_check"; ls a.db*'

rm -rf /tmp/*
[ -z "$failed" ]
