// Package synth makes people, rooms, organisations and events that do not exist, for buildings that may: so that a city
// whose registers nobody may have can still be shown and tested at its real density.
//
// Start from [Options] and [Options.Records]. Everything follows from the seed and the buildings: same input, same records
// on every machine. Nobody real is in it: identity numbers are of the unassigned region 990000, credit codes likewise,
// mobile numbers begin with 142, which no operator has, and persons, entities and events carry synthetic = true.
//
// Products are rounded by an explicit conversion before they are added, so that no compiler fuses the two and one machine
// makes another city than the next.
package synth
