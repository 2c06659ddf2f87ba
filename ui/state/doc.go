// Package state is what each part of the console's screens shows and does: values, and functions that make the next value.
//
// It has no widget, no store and no clock of its own, so every sentence and every row can be tested without a display.
// Start from [Lang] (one language and time zone: turns values into text), [RegionTree], [EventList], [Search],
// [ReportForm], [SyncPanel] and [Failure] (what to say about an error).
//
// All types with methods on a pointer belong to the UI thread. [Search] alone starts goroutines, and brings their
// answers back through the post function it was given.
package state
