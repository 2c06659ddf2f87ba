// Package thematic makes maps of figures: regions coloured by classes of a value (choropleth) and circles whose area is a
// value (proportional symbols), as layers for package mapview, with the legends that say what they show.
//
// Start from [Indicator], what is shown; [Row], one region's figure; [NewChoropleth] and [NewSymbols]. [Classify] finds the
// classes. What a legend says is what was drawn: class limits are rounded first, to the roundest numbers that leave every
// value in its class, and values are put into classes by the rounded limits. Figures of so few people that they could be
// told apart are neither coloured nor classed.
//
// Everything is a function of values and the same on every machine; all types are immutable after they were made.
package thematic
