package syntax

// #cgo linux LDFLAGS: -Wl,--unresolved-symbols=ignore-all
// #cgo darwin LDFLAGS: -Wl,-undefined,dynamic_lookup
// #include "flatten.h"
import "C"

import (
	"unsafe"

	sitter "github.com/smacker/go-tree-sitter"
)

// flatten copies the whole tree below root into an array, in pre-order.
//
// It reads the C node that the binding keeps as the first field of its Node:
// the binding offers no way to hand a node to other C code. TestFlatten holds
// the two views of one tree against each other, so that a change of layout in
// the binding is noticed.
func flatten(root *sitter.Node) []node {
	c := *(*C.TSNode)(unsafe.Pointer(root)) // holds pointers to C memory only
	n := int(C.unleak_count(&c))
	if n == 0 {
		return nil
	}
	flat := make([]node, n)
	got := C.unleak_flatten(&c, (*C.flat_node)(unsafe.Pointer(&flat[0])), C.uint32_t(n))
	return flat[:got]
}

// node has the layout of flat_node in flatten.h.
type node struct {
	start, end    uint32
	parent, after int32
	symbol        uint16
	field, flags  uint8
}

const (
	flagNamed   = 1
	flagMissing = 2
	flagError   = 4
)
