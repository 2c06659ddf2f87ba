#!/bin/sh
# Makes KuaituSans-Regular.ttf and KuaituSans-Bold.ttf, the two faces that the console draws all text with.
#
# They are subsets of Noto Sans SC (SIL Open Font License 1.1, OFL.txt) and hold the characters of characters.txt: the
# Table of General Standard Chinese Characters (8,105; property kTGH of the Unicode Han database), the characters of real
# place names found in the files given, and the punctuation, full-width forms, digits and signs that the screens use.
#
#   assets/fonts/make.sh                 makes the faces from characters.txt as it stands
#   assets/fonts/make.sh FILE…           adds the Han characters of these text files (.gz too) to characters.txt first
#
# Needs npm (with its registry), Debian's python3-fonttools and, only to rebuild the list from nothing, unicode-data.
# FONT_DIR may name a folder that already holds NotoSansSC_400Regular.ttf and NotoSansSC_700Bold.ttf.
set -eu

package=@expo-google-fonts/noto-sans-sc@0.4.3
unihan=/usr/share/unicode/Unihan_OtherMappings.txt.bz2
python=${PYTHON:-/usr/bin/python3}

here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if ! "$python" -c 'import fontTools.subset' 2>/dev/null; then
	echo "fonts: $python has no fontTools: apt-get install python3-fonttools" >&2
	exit 6
fi

fonts=${FONT_DIR:-}
if [ -z "$fonts" ]; then
	(cd "$work" && npm pack --silent "$package" >/dev/null && tar xzf ./*.tgz)
	mkdir "$work/ttf"
	find "$work/package" -name '*.ttf' -exec cp {} "$work/ttf/" \;
	fonts=$work/ttf
fi

list=$here/characters.txt
if [ ! -s "$list" ] || [ $# -gt 0 ]; then
	"$python" "$here/characters.py" "$list" "$unihan" "$@"
fi

for pair in 400Regular:Regular 700Bold:Bold; do
	from=$fonts/NotoSansSC_${pair%%:*}.ttf
	style=${pair##*:}
	out=$here/KuaituSans-$style.ttf
	"$python" -m fontTools.subset "$from" --text-file="$list" --output-file="$work/$style.ttf" \
		--no-hinting --layout-features='' --no-glyph-names --notdef-outline \
		--drop-tables+=vhea,vmtx,VORG,BASE,STAT,DSIG,GPOS,GSUB,GDEF,gasp,meta --name-IDs='0,1,2,3,4,5,6,13,14'
	"$python" "$here/rename.py" "$work/$style.ttf" "$out" "$style"
	echo "$out: $(wc -c <"$out") bytes" >&2
done
