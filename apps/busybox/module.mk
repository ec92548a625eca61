# SPDX-License-Identifier: MIT
# The core utilities, one program under many names.
PORTED          += busybox
busybox-package := busybox
