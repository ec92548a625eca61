# SPDX-License-Identifier: MIT
# nm -n output -> assembly: the kernel's table of (address, name) for backtraces.
BEGIN { print ".section .symbols, \"a\"\n.globl symbol_table, symbol_count\n.align 8\nsymbol_table:" }
$2 ~ /^[tT]$/ && $3 !~ /^(kernel_text_|\.L)/ {
    printf ".quad 0x%s, name_%d\n", $1, n
    names = names sprintf("name_%d: .asciz \"%s\"\n", n++, $3)
}
END { printf "symbol_count: .quad %d\n%s.section .note.GNU-stack, \"\", @progbits\n", n, names }
