// Package simtest holds no code, only tests: a simulated world of one real server, several devices and a network that
// fails in every way a seed says. Each seed is one deterministic life; a failing one prints the command that replays it.
//
// The server is package blockserver over its SQLite storage; devices are package syncer's core and worker over real
// stores or the in-memory replica of replicatest. There are no sockets, no sleeping and no wall clock: requests go from
// the worker's HTTP client to the server's handler through a transport that drops, repeats, cuts and bends them.
package simtest
