# SPDX-License-Identifier: MIT
# The shell.
PORTED       += mksh
mksh-package := mksh
