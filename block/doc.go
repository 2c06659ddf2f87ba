// Package block is the domain of block data (块数据): records of people, buildings, addresses, legal entities and
// events, the regions they belong to, and the words that sync is spoken in.
//
// Start from [Record] (one row of any kind), [Region] and [Tree] (市 区 街道 社区 网格) and [Stream] (what travels
// where). Everything here is a value or a pure function: no clock, disk, goroutine, SQL or JSON. The declaration of
// every kind's fields is package block/schema.
//
// Values that cross a goroutine are not written afterwards.
package block
