package style

import "strconv"

// typeKind is a type of the specification's expressions. Values of formatted and image are texts here.
type typeKind uint8

const (
	tValue typeKind = iota // any
	tNull
	tBool
	tNumber
	tString
	tColor
	tObject
	tArray
	tFormatted
	tImage
)

var typeKindNames = [...]string{"value", "null", "boolean", "number", "string", "color", "object", "array", "formatted", "image"}

// exprType is the type of an expression; of an array also that of its elements and how many there are, -1 any number.
type exprType struct {
	kind typeKind
	item *exprType
	n    int
}

var (
	anyType       = exprType{kind: tValue}
	nullType      = exprType{kind: tNull}
	boolType      = exprType{kind: tBool}
	numberType    = exprType{kind: tNumber}
	stringType    = exprType{kind: tString}
	colorType     = exprType{kind: tColor}
	objectType    = exprType{kind: tObject}
	formattedType = exprType{kind: tFormatted}
	imageType     = exprType{kind: tImage}
)

func arrayType(item exprType, n int) exprType { return exprType{kind: tArray, item: &item, n: n} }

func (t exprType) String() string {
	if t.kind != tArray {
		return typeKindNames[t.kind]
	}
	switch {
	case t.n >= 0:
		return "array<" + t.item.String() + ", " + strconv.Itoa(t.n) + ">"
	case t.item.kind == tValue:
		return "array"
	}
	return "array<" + t.item.String() + ">"
}

// takes answers whether whatever is of type got is of type t too.
func (t exprType) takes(got exprType) bool {
	if t.kind == tArray {
		return got.kind == tArray && (got.n == 0 && got.item.kind == tValue || t.item.takes(*got.item)) && (t.n < 0 || t.n == got.n)
	}
	return t.kind == tValue || t.kind == got.kind
}

// typeOf answers the type of a value.
func typeOf(v Value) exprType {
	switch v.kind {
	case KindBool:
		return boolType
	case KindNumber:
		return numberType
	case KindString:
		return stringType
	case KindColor:
		return colorType
	case KindObject:
		return objectType
	case KindArray:
		item := anyType
		for i, e := range v.ref.list {
			t := typeOf(e)
			if i > 0 && !(item.takes(t) && t.takes(item)) {
				item = anyType
				break
			}
			item = t
		}
		return arrayType(item, len(v.ref.list))
	}
	return nullType
}

// holds answers whether a value is of type t; it does not allocate.
func (t exprType) holds(v Value) bool {
	switch t.kind {
	case tValue:
		return true
	case tNull:
		return v.kind == KindNull
	case tBool:
		return v.kind == KindBool
	case tNumber:
		return v.kind == KindNumber
	case tString, tFormatted, tImage:
		return v.kind == KindString
	case tColor:
		return v.kind == KindColor
	case tObject:
		return v.kind == KindObject
	}
	if v.kind != KindArray || t.n >= 0 && len(v.ref.list) != t.n {
		return false
	}
	if t.item.kind != tValue {
		for _, e := range v.ref.list {
			if !t.item.holds(e) {
				return false
			}
		}
	}
	return true
}
