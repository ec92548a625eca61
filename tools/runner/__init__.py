# SPDX-License-Identifier: MIT
"""Boots fos inside QEMU: straight on Xen (quick) or by `xl create` in a dom0 (xl)."""
