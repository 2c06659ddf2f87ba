"""Writes the list of characters that the embedded faces hold: characters.py LIST UNIHAN [FILE…].

The list is one line per group, kept under version control so that the faces can be made again anywhere.
Characters already in LIST stay; UNIHAN (Unihan_OtherMappings.txt, .bz2 allowed) is read only when LIST is new.
"""

import bz2
import gzip
import os
import re
import sys
import unicodedata

# Everything but Han: what screens, units, addresses, keyboards and tables write.
SIGNS = (
    "".join(chr(c) for c in range(0x20, 0x7F))
    + "\u00a0§©«®°±²³·»¼½¾×÷äöüçñß"
    + "āáǎàōóǒòēéěèīíǐìūúǔùǖǘǚǜüńňǹ"
    + "αβγδλμπσφΔΣΩ"
    + "‐–—‘’“”•…‰′″※€№℃"
    + "ⅠⅡⅢⅣⅤⅥⅦⅧⅨⅩⅪⅫ"
    + "←↑→↓↔↕↖↗↘↙"
    + "−√∞∠≈≠≤≥⊕"
    + "".join(chr(c) for c in range(0x2460, 0x2474))
    + "■□▲△▼▽◆◇○◎●★☆✓"
    + "　、。〃〈〉《》「」『』【】〒〔〕〖〗・㎏㎜㎝㎞㎡㎥"
    + "".join(chr(c) for c in range(0xFF01, 0xFF5F))
    + "￠￡￥¥£₂₃\ufffd"
)


def is_han(char):
    return "\u3400" <= char <= "\u9fff" or "\U00020000" <= char <= "\U000323af" or char == "〇"


def read(path):
    opener = gzip.open if path.endswith(".gz") else open
    with opener(path, "rb") as file:
        return file.read().decode("utf-8", "ignore")


def standard(path):
    with bz2.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            match = re.match(r"U\+([0-9A-F]+)\tkTGH\t", line)
            if match:
                yield chr(int(match[1], 16))


def main(target, unihan, files):
    chars = set()
    if os.path.exists(target) and os.path.getsize(target) > 0:
        with open(target, encoding="utf-8") as file:
            chars.update(file.read())
    else:
        chars.update(standard(unihan))
    chars.update(SIGNS)
    for path in files:
        chars.update(char for char in read(path) if is_han(char))
    chars = {c for c in chars if not unicodedata.category(c).startswith("C")}
    ordered = sorted(chars)
    with open(target, "w", encoding="utf-8") as file:
        for start in range(0, len(ordered), 64):
            file.write("".join(ordered[start : start + 64]) + "\n")
    print(f"{target}: {len(ordered)} characters, {sum(map(is_han, ordered))} of them Han", file=sys.stderr)


main(sys.argv[1], sys.argv[2], sys.argv[3:])
