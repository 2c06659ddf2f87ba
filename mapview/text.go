package mapview

// Fonts are the faces labels are drawn with.
type Fonts struct{}
