# SPDX-License-Identifier: MIT
PORTED      += lua
lua-package := lua5.4
