"""Gives a subset its own name, as the font licence asks: rename.py IN OUT STYLE.

The vertical metrics of Noto (1.16 em above, 0.288 below) are kept, so that a line is 1.448 em high, in Fyne too.
"""

import sys

from fontTools.ttLib import TTFont

source, target, style = sys.argv[1:4]
font = TTFont(source, recalcTimestamp=False)
names = {
    1: "Kuaitu Sans",
    2: style,
    3: f"KuaituSans-{style}",
    4: f"Kuaitu Sans {style}",
    6: f"KuaituSans-{style}",
}
for record in font["name"].names:
    if record.nameID in names:
        record.string = names[record.nameID]
# One character map is enough: the full Unicode one. The others repeat it for systems that do not draw this file.
cmap = font["cmap"]
cmap.tables = [t for t in cmap.tables if (t.platformID, t.platEncID) == (3, 10)]
font.save(target)
