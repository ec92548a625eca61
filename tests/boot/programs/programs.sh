#!/bin/sh
# SPDX-License-Identifier: MIT
# What a user does in a shell.

. /boot/check.sh
cd /tmp || exit 1

check "a pipeline of programs passes text along" "3 2 1" \
    'seq 3 | sort -r | tr "\n" " " | sed "s/ $//"'
check "a long pipeline carries a hundred thousand bytes" 100000 \
    'head -c 100000 /dev/zero | cat | cat | cat | wc -c'
check "the status of a pipeline is its last program's" "[1]" 'true | false'
check "output goes to files, and is appended" "$(lines one two)" \
    'echo one >a; echo two >>a; cat <a'
check "errors go where they are sent" "caught" \
    'ls /none 2>e >/dev/null || { [ -s e ] && echo caught; }'
check "a here-document is a program's input" "$(lines a 'b 3')" \
    'cat <<EOT
a
b $((1 + 2))
EOT'
check "command substitutions nest" "x3" 'echo x$(echo $(echo 3))'
check "a subshell's variables and directory are its own" "1 /tmp" \
    'v=1; (v=2; cd /; true); echo $v $(pwd)'
check "globs find files" "g1 g2" 'touch g1 g2 h1; echo g*'
check "loops, cases and functions" "a-A b-B " \
    'f() { case $1 in a) printf a-A;; *) printf b-B;; esac; printf " "; }; for i in a b; do f $i; done'
check "programs read their environment" "here" 'V=here sh -c "echo \$V"'
check "ulimit bounds the descriptors of programs to come" "20" '(ulimit -n 20; sh -c "ulimit -n")'
check "it bounds those of a program that never asks for it" "bounded" \
    '(ulimit -n 20; lua -e "local t, f = {} repeat f = io.open(\"/dev/null\"); t[#t + 1] = f until not f or #t == 400 print(#t > 9 and #t < 20 and \"bounded\" or #t)")'
check "a script in a file runs by its first line" "script 2" \
    'printf "#!/bin/sh\necho script \$#\n" >s; chmod +x s; ./s 1 2'
check "exit statuses come back" "[7]" 'sh -c "exit 7"'
check "a missing program is 127" "127" 'nosuchprogram 2>/dev/null; echo $?'
check "a killed program's status tells the signal" 143 \
    '{ sh -c "kill -TERM \$\$"; } 2>/dev/null; echo $?'
check "a fault ends only the program" 139 \
    '{ test-act fault; } 2>/dev/null; echo $?'
check "background jobs are waited for" "$(lines 1 done)" \
    'sh -c "exit 1" & wait $! || echo $?; echo done'
check "a trap catches a signal" "trapped" \
    'sh -c "trap \"echo trapped; exit 0\" USR1; kill -USR1 \$\$; sleep 5"'
check "timeout ends what takes too long" "[143]" '{ timeout 1 sleep 30; } 2>/dev/null'
check "find and xargs" "d/x d/y" \
    'mkdir -p d; touch d/y d/x; find d -type f | sort | xargs echo'
check "grep, cut, uniq, wc" "2" \
    'lines a:1 b:2 a:3 | cut -d: -f1 | sort | uniq -c | grep -c "[ab]"'
check "awk adds up" 55 'seq 10 | awk "{ s += \$1 } END { print s }"'
check "sed edits in place" "world" 'echo hello >f; sed -i s/hello/world/ f; cat f'
check "tar and gzip give back what they took" "same" \
    'mkdir -p t; seq 1000 >t/n; tar czf t.tgz t; mv t/n n; tar xzf t.tgz; cmp n t/n && echo same'
check "sums are right" "a948904f2f0f479b8f8197694b30184b0d2ed1c1cd2a1ec0fb85d299a192a447" \
    'echo "hello world" | sha256sum | cut -c1-64'
check "dd copies and truncates" "4096" \
    'dd if=/dev/zero of=z bs=512 count=8 2>/dev/null; stat -c %s z'
check "links, symbolic and hard" "$(lines 'f' 2)" \
    'ln -s f sl; readlink sl; ln f hl; stat -c %h f'
check "permissions are kept" "-rw-r-----" 'touch p; chmod 640 p; ls -l p | cut -c1-10'
check "vi's brother ed edits" "$(lines b)" 'printf "a\nc\n" >e1; printf "1s/a/b/\n2d\nw\nq\n" | ed e1 >/dev/null 2>&1; cat e1'
check "bc calculates" "3.14159" 'echo "scale=5; 355/113" | bc | cut -c1-7'
check "a FIFO joins two programs" "by the pipe" \
    'mkfifo q; echo by the pipe >q & cat q; wait'
check "Lua runs a script" "$(lines 'hello 385' 'file 3')" 'lua /boot/programs.lua'
check "sixty programs, one after the other" 60 \
    'i=0; while [ $i -lt 60 ]; do true | busybox true; i=$((i + 1)); done; echo $i'

rm -rf /tmp/*
[ -z "$failed" ]
