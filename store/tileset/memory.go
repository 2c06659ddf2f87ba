package tileset

import (
	"container/list"
	"sync"
)

// Memory keeps the values used last, up to a number of bytes. It may be used from any number of goroutines.
type Memory[K comparable, V any] struct {
	limit int

	mu    sync.Mutex // guards what follows
	bytes int
	order *list.List // of remembered[K, V], used last first
	byKey map[K]*list.Element
}

type remembered[K comparable, V any] struct {
	key   K
	value V
	bytes int
}

// entryBytes is what an entry costs besides its value: even knowing that there is nothing takes room.
const entryBytes = 128

// NewMemory makes a memory of limit bytes. It holds at least one value, however large.
func NewMemory[K comparable, V any](limit int) *Memory[K, V] {
	return &Memory[K, V]{limit: limit, order: list.New(), byKey: map[K]*list.Element{}}
}

// Get answers what is remembered for key.
func (m *Memory[K, V]) Get(key K) (value V, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, ok := m.byKey[key]
	if !ok {
		return value, false
	}
	m.order.MoveToFront(e)
	return e.Value.(remembered[K, V]).value, true
}

// Put remembers a value of so many bytes in place of an earlier one and forgets those not used for longest.
func (m *Memory[K, V]) Put(key K, value V, bytes int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e, ok := m.byKey[key]; ok {
		m.dropLocked(e)
	}
	m.byKey[key] = m.order.PushFront(remembered[K, V]{key, value, bytes + entryBytes})
	m.bytes += bytes + entryBytes
	for m.bytes > m.limit && m.order.Len() > 1 {
		m.dropLocked(m.order.Back())
	}
}

// Drop forgets what is remembered for key.
func (m *Memory[K, V]) Drop(key K) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e, ok := m.byKey[key]; ok {
		m.dropLocked(e)
	}
}

func (m *Memory[K, V]) dropLocked(e *list.Element) {
	r := m.order.Remove(e).(remembered[K, V])
	delete(m.byKey, r.key)
	m.bytes -= r.bytes
}
