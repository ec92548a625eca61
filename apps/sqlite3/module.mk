# SPDX-License-Identifier: MIT
# The database, and its shell.
PORTED          += sqlite3
sqlite3-package := sqlite3
