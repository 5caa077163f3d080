package project

import (
	"encoding/binary"
	"iter"
)

// A project of 50,000 files has a name in half a million places. What is kept of them is the
// inverted index of information retrieval in the usual compressed form (Witten, Moffat, Bell:
// Managing Gigabytes, chapters 3 and 4): differences of numbers, and front coding of paths.

// postings are numbers of files in growing order.
type postings struct {
	last  int32
	steps []byte // each number less the one before it, as a varint
}

func (p *postings) add(id int32) {
	p.steps = binary.AppendUvarint(p.steps, uint64(id-p.last))
	p.last = id
}

func (p postings) all() iter.Seq[int32] {
	return func(yield func(int32) bool) {
		id := int32(0)
		for rest := p.steps; len(rest) > 0; {
			step, n := binary.Uvarint(rest)
			if rest, id = rest[n:], id+int32(step); !yield(id) {
				return
			}
		}
	}
}

// pathBlock is how many paths are read at most to tell one.
const pathBlock = 16

// paths are numbered from 0 in the order in which they are added. Neighbours should be in the
// same folder: only what differs from the path before is kept, but for each first of a block.
type paths struct {
	text   []byte // for each the length of what is as before, that of the rest, and the rest
	starts []uint32
	count  int32
	last   string
}

func (p *paths) add(path string) (id int32) {
	id, p.count = p.count, p.count+1
	same := 0
	if id%pathBlock == 0 {
		p.starts = append(p.starts, uint32(len(p.text)))
	} else {
		for same < min(len(path), len(p.last)) && path[same] == p.last[same] {
			same++
		}
	}
	p.text = binary.AppendUvarint(p.text, uint64(same))
	p.text = binary.AppendUvarint(p.text, uint64(len(path)-same))
	p.text = append(p.text, path[same:]...)
	p.last = path
	return id
}

func (p *paths) at(id int32) string {
	var path []byte
	rest := p.text[p.starts[id/pathBlock]:]
	for range id%pathBlock + 1 {
		same, n := binary.Uvarint(rest)
		size, m := binary.Uvarint(rest[n:])
		rest = rest[n+m:]
		path = append(path[:same], rest[:size]...)
		rest = rest[size:]
	}
	return string(path)
}
