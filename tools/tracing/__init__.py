# SPDX-License-Identifier: MIT
"""What tools/trace-decode is made of."""
