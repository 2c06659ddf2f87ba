// Package console is what a console can do with a store, without a window: bring files in, take data out, tell what lies
// at a place, count by region. The headless tool and the window call the same functions.
package console
