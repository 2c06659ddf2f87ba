// Package address reads codes and texts of addresses: housing codes by the scheme of a city, statistical division codes,
// grid codes, and Chinese address text, normalised and taken apart into layers.
//
// Start from [Scheme] (Shenzhen's 25 digits are [Shenzhen25]; other cities load theirs from a city pack), [Normalise] and
// [Parse]. A code is an identity given at birth: where a building lies today is a stored link and is never read from the
// digits, which go stale when grids are redrawn. Everything is pure.
package address
