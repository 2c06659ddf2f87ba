package style

import (
	"encoding/json"
	"slices"
	"strings"
)

var layerMembers = []string{"id", "type", "metadata", "source", "source-layer", "minzoom", "maxzoom", "filter", "layout", "paint"}

// undrawnTypes are layer types of the specification that are not drawn.
var undrawnTypes = []string{"fill-extrusion", "hillshade", "color-relief", "sky", "model", "slot", "raster-particle", "clip"}

// layer reads one layer. If it cannot be drawn as meant it is left out; in a strict reading there is an error anyway.
func (p *parser) layer(raw json.RawMessage, at *path, sources map[string]json.RawMessage) {
	var members map[string]json.RawMessage
	if !p.decode(raw, at, &members, "an object") {
		return
	}
	l := &Layer{MaxZoom: 24}
	ok := true
	for _, name := range sortedKeys(members) {
		raw, place := members[name], at.member(name)
		switch name {
		case "id":
			p.decode(raw, place, &l.ID, "a text")
		case "type":
			ok = p.layerType(l, raw, place) && ok
		case "metadata":
			p.decode(raw, place, &l.Metadata, "an object")
		case "source":
			ok = p.decode(raw, place, &l.Source, "a text") && ok
		case "source-layer":
			ok = p.decode(raw, place, &l.SourceLayer, "a text") && ok
		case "minzoom":
			p.zoom(raw, place, &l.MinZoom)
		case "maxzoom":
			p.zoom(raw, place, &l.MaxZoom)
		case "filter", "layout", "paint": // below, when the type is known
		case "ref":
			p.report(place, "layers that refer to others are from before version 8; write the layer out")
			ok = false
		case "interactive":
			p.warn(place, "every layer answers to a click")
		default:
			if strings.HasPrefix(name, "paint.") {
				p.report(place, "classes are from before version 8")
				break
			}
			p.report(place, "unknown member of a layer%s", suggestion(name, layerMembers))
		}
	}
	if members["id"] == nil {
		p.report(at, "a layer has an id")
	} else if p.ids[l.ID] {
		p.report(at.member("id"), "another layer has the id %q", clip(l.ID))
	}
	p.ids[l.ID] = true
	if members["type"] == nil && members["ref"] == nil {
		p.report(at, "a layer has a type")
		ok = false
	}
	if typed := p.contents(l, members, at, sources); ok && typed {
		p.style.Layers = append(p.style.Layers, l)
	} else if p.lenient {
		p.report(at, "the layer %q is left out", clip(l.ID))
	}
}

// contents reads what depends on the type of a layer, and answers whether the layer can be drawn as meant.
func (p *parser) contents(l *Layer, members map[string]json.RawMessage, at *path, sources map[string]json.RawMessage) bool {
	var name string
	if json.Unmarshal(members["type"], &name) != nil || !slices.Contains(typeNames[:], name) {
		return false
	}
	l.props = make([]*Expr, firstProperty[l.Type+1]-firstProperty[l.Type])
	ok := p.layerSource(l, at, sources)
	if raw := members["filter"]; raw != nil && !p.filter(l, raw, at.member("filter")) {
		ok = false
	}
	for _, group := range []string{"layout", "paint"} {
		if raw := members[group]; raw != nil && !p.properties(l, group, raw, at.member(group)) {
			ok = false
		}
	}
	return ok
}

func (p *parser) layerType(l *Layer, raw json.RawMessage, at *path) bool {
	var name string
	if !p.decode(raw, at, &name, "a text") {
		return false
	}
	i := slices.Index(typeNames[:], name)
	switch {
	case i >= 0:
		l.Type = Type(i)
		return true
	case slices.Contains(undrawnTypes, name):
		p.report(at, "layers of type %s are not drawn", name)
	default:
		p.report(at, "unknown type %q%s", clip(name), suggestion(name, typeNames[:]))
	}
	return false
}

// layerSource checks that a layer's source is there and of a kind that it can draw.
func (p *parser) layerSource(l *Layer, at *path, sources map[string]json.RawMessage) bool {
	if l.Type == Background {
		return true
	}
	if l.Source == "" {
		p.report(at, "a %s layer has a source", l.Type)
		return false
	}
	s, ok := p.style.Sources[l.Source]
	switch {
	case !ok && sources[l.Source] != nil:
		return false // the source itself is reported
	case !ok:
		p.report(at.member("source"), "there is no source %q%s", clip(l.Source), suggestion(l.Source, sortedKeys(sources)))
		return false
	case (l.Type == Raster) != (s.Type == "raster"):
		p.report(at.member("source"), "a %s layer does not draw a %s source", l.Type, s.Type)
		return false
	case s.Type == "vector" && l.SourceLayer == "":
		p.report(at, "a layer of a vector source has a source-layer")
		return false
	}
	return true
}

func (p *parser) compiler() *compiler { return newCompiler(p.report, p.warn) }

func (p *parser) filter(l *Layer, raw json.RawMessage, at *path) bool {
	var v any
	if json.Unmarshal(raw, &v) != nil {
		p.report(at, "a filter is due here")
		return false
	}
	if v == nil {
		return true
	}
	k := p.compiler()
	e := k.filter(v, at)
	if e == nil {
		return false
	}
	if e = k.fold(e, at); e == nil || !k.allowed(e, nil, at) {
		return false
	}
	l.Filter = k.finish(e)
	return true
}

// properties reads the paint or layout of a layer and answers whether it means something.
func (p *parser) properties(l *Layer, group string, raw json.RawMessage, at *path) bool {
	var members map[string]any
	if !p.decode(raw, at, &members, "an object") {
		return false
	}
	ok := true
	for _, name := range sortedKeys(members) {
		v, place := members[name], at.member(name)
		if prop, known := propertyNames[l.Type][group][name]; known {
			if v == nil {
				continue // as if it were not there
			}
			if e := p.compiler().propertyValue(prop, v, place); e != nil {
				l.props[int(prop)-firstProperty[l.Type]] = e
			}
			continue
		}
		ok = p.otherProperty(l, group, name, v, place) && ok
	}
	return ok
}

// otherProperty deals with what is not a Property.
func (p *parser) otherProperty(l *Layer, group, name string, v any, at *path) bool {
	other := map[string]string{"paint": "layout", "layout": "paint"}[group]
	mine := strings.HasPrefix(name, l.Type.String()+"-") || l.Type == Symbol && (strings.HasPrefix(name, "icon-") || strings.HasPrefix(name, "text-"))
	if name == "resampling" {
		mine = l.Type == Raster
	}
	switch lack, isUndrawn := undrawn[name]; {
	case group == "layout" && name == "visibility":
		if v != "visible" && v != "none" {
			p.report(at, "visible or none is due here")
		}
		l.Hidden = v == "none"
	case mine && withoutEffect[name] != "":
		p.warn(at, name+" has no effect: "+withoutEffect[name])
	case mine && isUndrawn:
		p.report(at, "%s is not in our subset: %s", name, lack.why)
		return !lack.essential
	case group == "paint" && strings.HasSuffix(name, "-transition"):
		p.warn(at, "changes are shown at once")
	default:
		if _, known := propertyNames[l.Type][other][name]; known {
			p.report(at, "this property belongs into %s", other)
			break
		}
		names := sortedKeys(propertyNames[l.Type][group])
		if group == "layout" {
			names = append(names, "visibility")
		}
		p.report(at, "unknown property%s", suggestion(name, names))
	}
	return true
}
