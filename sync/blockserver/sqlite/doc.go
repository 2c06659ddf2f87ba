// Package sqlite keeps a city server in one embedded SQLite file. It is a storage behind blockserver.Ops, and what
// cmd/kuaitud administers: [Init], [Open], bulk loads, enrolment codes, backup, restore and verify.
//
// A data folder holds kuaitud.db, epoch (the server's life, 32 hexadecimal digits), secret (the key that device tokens
// are made with; not in the database, so that a stolen backup opens nothing), cache (frames that can be made again)
// and lock.db, which keeps a second process out.
//
// One connection writes (BEGIN IMMEDIATE, synchronous=FULL), several read; each read transaction is one snapshot (WAL).
// A table a kind is made from its declaration; fields that a newer declaration has gained are added at Open. The SQL is
// plain: what a database server needs to run it is another dialect of the column types.
package sqlite
