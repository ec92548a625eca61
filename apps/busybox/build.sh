#!/bin/bash
# SPDX-License-Identifier: MIT
# build.sh TARBALL FOLDER: busybox with its default configuration, but for what `without`
# names.  `links` becomes the list of its applets.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "$2"
tar xf "$1" --strip-components=1
make=(make -s HOSTCC=gcc "CC=$CC" AR=ar STRIP=strip EXTRA_CFLAGS=-w)

"${make[@]}" defconfig >/dev/null
python3 - "$here" <<'PY'
import pathlib, re, sys

here = pathlib.Path(sys.argv[1])
words = lambda name: [w for w in (here / name).read_text().splitlines()
                      if w and not w.startswith('#')]
off = set()
for word in words('without'):
    if not word.endswith('/'):
        off.add(word)
        continue
    for path in pathlib.Path(word).rglob('*'):
        if path.suffix in ('.c', '.src', '.in'):
            off |= set(re.findall(r'^(?://)?config:?\s*(?:config )?([A-Z0-9_]+)',
                                  path.read_text(errors='replace'), re.M))
off -= set(words('with'))
config = pathlib.Path('.config').read_text()
config = re.sub(r'^CONFIG_([A-Z0-9_]+)=.*$',
                lambda m: m[0] if m[1] not in off else f'# CONFIG_{m[1]} is not set',
                config, flags=re.M)
config = config.replace('# CONFIG_SH_IS_NONE is not set', 'CONFIG_SH_IS_NONE=y')
config = config.replace('"GNU/Linux"', '"fos"')
pathlib.Path('.config').write_text(config)
PY
yes '' | "${make[@]}" oldconfig >/dev/null || true
"${make[@]}" -j"$(nproc)" busybox_unstripped busybox.links
rm busybox_unstripped
sed 's|.*/||' busybox.links >links
echo -Wl,--start-group applets/built-in.o $(find . -name lib.a | sort) \
    $(find . -mindepth 2 -name built-in.o ! -path ./applets/built-in.o | sort) \
    -Wl,--end-group >objects
