package demo

type zone uint8
type lot uint8
