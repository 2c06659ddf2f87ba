package citypack

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
)

// node is a JSON value that knows its line.
type node struct {
	line    int
	kind    byte // '{', '[', 's'tring, 'n'umber, 'b'ool, '0' null
	text    string
	members []member
	items   []node
}

type member struct {
	key  string
	line int
	node
}

// maxDepth bounds the nesting of a pack.json.
const maxDepth = 32

// parseNode reads one JSON document; a syntax fault is reported with its line.
func (f *faults) parseNode(name string, data []byte) (node, bool) {
	p := nodeParser{data: data, dec: json.NewDecoder(bytes.NewReader(data)), line: 1}
	p.dec.UseNumber()
	n, err := p.value(0)
	if err == nil {
		if _, more := p.dec.Token(); more != io.EOF {
			err = errors.New("there is text after the end of the document")
		}
	}
	if err != nil {
		line, text := syntaxFault(data, p.here(), err)
		f.fail(name, line, "is no JSON: %s", text)
		return node{}, false
	}
	return n, true
}

// syntaxFault returns the line and the text of a decoder's error. Where a decoder stops says little, and the offsets in its
// errors count from where it began to scan: the whole document is scanned again.
func syntaxFault(data []byte, line int, err error) (int, string) {
	var whole json.RawMessage
	var syntax *json.SyntaxError
	if again := json.Unmarshal(data, &whole); errors.As(again, &syntax) {
		if int(syntax.Offset) >= len(data) {
			return lineAt(data, len(data)), "the document ends too early"
		}
		return lineAt(data, int(syntax.Offset)-1), syntax.Error()
	}
	return line, err.Error()
}

type nodeParser struct {
	data []byte
	dec  *json.Decoder
	off  int
	line int
}

// here is the line that reading has come to.
func (p *nodeParser) here() int {
	to := int(p.dec.InputOffset())
	p.line += bytes.Count(p.data[p.off:to], []byte{'\n'})
	p.off = to
	return p.line
}

func (p *nodeParser) value(depth int) (node, error) {
	if depth > maxDepth {
		return node{}, errors.New("it is nested too deeply")
	}
	tok, err := p.dec.Token()
	if err != nil {
		return node{}, err
	}
	n := node{line: p.here()}
	switch v := tok.(type) {
	case json.Delim:
		n.kind = byte(v)
		for p.dec.More() {
			if v == '[' {
				item, err := p.value(depth + 1)
				if err != nil {
					return node{}, err
				}
				n.items = append(n.items, item)
				continue
			}
			key, err := p.dec.Token()
			if err != nil {
				return node{}, err
			}
			line := p.here()
			item, err := p.value(depth + 1)
			if err != nil {
				return node{}, err
			}
			n.members = append(n.members, member{key.(string), line, item}) // the decoder hands out nothing else here
		}
		if _, err := p.dec.Token(); err != nil {
			return node{}, err
		}
	case string:
		n.kind, n.text = 's', v
	case json.Number:
		n.kind, n.text = 'n', v.String()
	case bool:
		n.kind, n.text = 'b', strconv.FormatBool(v)
	default:
		n.kind = '0'
	}
	return n, nil
}

// object reads the members of one JSON object: what is not asked for warns, what is asked for in the wrong form fails.
type object struct {
	f    *faults
	file string
	what string // "boundaries[0]", empty for the document
	n    node
	seen map[string]bool
}

func (f *faults) object(file, what string, n node) *object {
	o := &object{f: f, file: file, what: what, n: n, seen: map[string]bool{}}
	if n.kind != '{' {
		f.fail(file, n.line, "%s must be an object", o.name(""))
	}
	first := map[string]int{}
	for _, m := range n.members {
		if line, twice := first[m.key]; twice {
			f.fail(file, m.line, "%s is given twice, first on line %d", o.name(m.key), line)
		}
		first[m.key] = m.line
	}
	return o
}

func (o *object) name(key string) string {
	switch {
	case o.what == "" && key == "":
		return "the document"
	case o.what == "":
		return strconv.Quote(key)
	case key == "":
		return o.what
	}
	return o.what + "." + key
}

// get returns the member; null counts as absent.
func (o *object) get(key string) (node, bool) {
	o.seen[key] = true
	for _, m := range o.n.members {
		if m.key == key && m.kind != '0' {
			return m.node, true
		}
	}
	return node{}, false
}

// text returns a string member, and its line for later complaints; the object's own line when it is absent.
func (o *object) text(key string, required bool) (string, int) {
	n, ok := o.get(key)
	switch {
	case !ok && required:
		o.f.fail(o.file, o.n.line, "%s is missing", o.name(key))
		return "", o.n.line
	case !ok:
		return "", o.n.line
	case n.kind != 's':
		o.f.fail(o.file, n.line, "%s must be a string", o.name(key))
		return "", n.line
	case required && n.text == "":
		o.f.fail(o.file, n.line, "%s is empty", o.name(key))
	}
	return n.text, n.line
}

// list returns the items of an array member.
func (o *object) list(key string) []node {
	n, ok := o.get(key)
	if ok && n.kind != '[' {
		o.f.fail(o.file, n.line, "%s must be a list", o.name(key))
	}
	return n.items
}

// label reads {"zh": …, "en": …} or a plain string for both.
func (o *object) label(key string, required bool) Label {
	n, ok := o.get(key)
	switch {
	case !ok:
		if required {
			o.f.fail(o.file, o.n.line, "%s is missing", o.name(key))
		}
		return Label{}
	case n.kind == 's':
		return Label{n.text, n.text}
	}
	in := o.f.object(o.file, o.name(key), n)
	var l Label
	l.ZH, _ = in.text("zh", true)
	l.EN, _ = in.text("en", false)
	in.done()
	if l.EN == "" {
		l.EN = l.ZH
	}
	return l
}

// done warns of members that nothing has asked for.
func (o *object) done() {
	for _, m := range o.n.members {
		if !o.seen[m.key] {
			o.f.warn(o.file, m.line, "unknown key %s", o.name(m.key))
		}
	}
}
