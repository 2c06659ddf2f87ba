package tileset

import (
	"container/list"
	"image"

	"sync"
)

type tileKey struct{ z, x, y int }

// tileCache keeps the tiles used last, up to a number of bytes. A nil picture says that there is none.
type tileCache struct {
	limit int

	mu    sync.Mutex // guards what follows
	bytes int
	order *list.List // of *cached, last used first
	byKey map[tileKey]*list.Element
}

type cached struct {
	key tileKey
	img *image.RGBA
}

// size counts some bytes for knowing that a tile is missing, too.
func (c *cached) size() int {
	if c.img == nil {
		return 128
	}
	return len(c.img.Pix) + 128
}

func newTileCache(limit int) *tileCache {
	return &tileCache{limit: limit, order: list.New(), byKey: map[tileKey]*list.Element{}}
}

func (c *tileCache) get(key tileKey) (img *image.RGBA, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.byKey[key]
	if !ok {
		return nil, false
	}
	c.order.MoveToFront(e)
	return e.Value.(*cached).img, true
}

func (c *tileCache) put(key tileKey, img *image.RGBA) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.byKey[key]; ok {
		return // another goroutine read the same tile
	}
	entry := &cached{key, img}
	c.byKey[key] = c.order.PushFront(entry)
	c.bytes += entry.size()
	for c.bytes > c.limit && c.order.Len() > 1 {
		last := c.order.Back()
		old := c.order.Remove(last).(*cached)
		delete(c.byKey, old.key)
		c.bytes -= old.size()
	}
}
