# SPDX-License-Identifier: MIT
# zlib: what its own `make test` is made of.
PORTED           += minigzip
minigzip-package := zlib
minigzip-tests   := zlib-example
